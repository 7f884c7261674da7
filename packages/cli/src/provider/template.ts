import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeployError } from "@deploy/core";
import { type ProviderNames, rename, spellings } from "./names.js";

/** A template as it is shipped: text by path. */
export type Template = ReadonlyMap<string, string>;

/** Where the build has put the templates: beside the program. */
const PLACE = fileURLToPath(new URL("./templates/provider", import.meta.url));

/** What every generated package has, whatever it implements. */
const COMMON = "common";

/** The elements that there is a template for. */
export async function templateElements(place: string = PLACE): Promise<readonly string[]> {
  const entries = await readdir(place, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== COMMON)
    .map((entry) => entry.name)
    .sort();
}

/** The template of an element. */
export async function readTemplate(element: string, place: string = PLACE): Promise<Template> {
  const files = new Map<string, string>();
  for (const part of [COMMON, element]) {
    for (const path of await filesBelow(join(place, part))) {
      // npm leaves a file of this name out of packages, and reads it as its own.
      const name = path === "gitignore" ? ".gitignore" : path;
      files.set(name, await readFile(join(place, part, path), "utf8"));
    }
  }
  return files;
}

/** The names that `name` gives to a package made of this template. Throws `usage.bad-name`. */
export function namesFor(name: string, template: Template): ProviderNames {
  const code = [...template].filter(([path]) => /\.m?[jt]s$/.test(path)).map(([, text]) => text);
  // Comments and texts may say what they like.
  const words = code.flatMap(
    (text) => text.replaceAll(COMMENT_OR_TEXT, " ").match(/[A-Za-z_$][\w$]*/g) ?? [],
  );
  return spellings(name, new Set(words));
}

const COMMENT_OR_TEXT = /\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"/g;

/**
 * Writes the template under `names`, and answers with what was written.
 *
 * @throws `provider.exists` when there is anything in the directory already; nothing is written then.
 */
export async function writeTemplate(
  template: Template,
  names: ProviderNames,
  directory: string,
): Promise<readonly string[]> {
  const present = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error.code === "ENOTDIR" ? exists(directory, "is a file") : error;
  });
  if (present.length > 0) throw exists(directory, "is not empty");
  const written: string[] = [];
  for (const [path, text] of template) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, rename(text, names), { flag: "wx" });
    written.push(path);
  }
  return written.sort();
}

function exists(directory: string, what: string): DeployError {
  return new DeployError({
    code: "provider.exists",
    message: `${directory} ${what}: nothing is overwritten.`,
    hint: "Name another place with --directory, or remove what is there.",
  });
}

async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const nested = entries.map(async (entry) => {
    if (!entry.isDirectory()) return [entry.name];
    const below = await filesBelow(join(directory, entry.name));
    return below.map((path) => `${entry.name}/${path}`);
  });
  return (await Promise.all(nested)).flat().sort();
}
