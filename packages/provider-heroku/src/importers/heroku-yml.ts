import { asName, type Command, DeployError, reservedProcessNames } from "@deploy/core";
import { isMap, LineCounter, parseDocument } from "yaml";
import { draftAddon } from "./addons.js";
import { commandOfDockerfile } from "./dockerfile.js";
import { commandToWrite, type Draft, isSecret } from "./draft.js";

/** Reads a file of the directory by its path relative to it; undefined when it is not there. */
export type ReadFile = (path: string) => Promise<string | undefined>;

/** A place in the manifest: what stands there, and in which line. */
interface Node {
  readonly value: unknown;
  line(...path: readonly (string | number)[]): number | undefined;
}

const KNOWN = ["setup", "build", "release", "run"];

/**
 * Reads a `heroku.yml` into the draft: `setup`, `build.docker`, `release` and `run`, as the Dev Center describes them
 * ("Building Docker Images with heroku.yml").
 *
 * @throws `import.bad-manifest` with file and line for what is no such file.
 */
export async function readHerokuYml(draft: Draft, text: string, file: string, read: ReadFile): Promise<void> {
  const root = parse(text, file);
  const top = fields(root.value);
  const refuse = (reason: string, ...path: (string | number)[]): void => {
    const line = root.line(...path);
    draft.refused.push({ file, ...(line === undefined ? {} : { line }), reason });
  };
  for (const key of Object.keys(top)) {
    if (!KNOWN.includes(key)) refuse(`"${key}" means nothing in a heroku.yml, to Heroku neither`, key);
  }
  readSetup(draft, fields(top.setup), file, root);
  const images = readBuild(draft, fields(top.build), refuse);
  readRelease(draft, fields(top.release), images, refuse);
  await readRun(draft, fields(top.run), images, read, refuse);
  if (draft.processes.size > 0) return;
  throw new DeployError({
    code: "import.bad-manifest",
    message: `${file} names no process: neither build.docker nor run has one.`,
    hint: 'Add one, such as "run: { web: python app.py }", or write the configuration with `deploy init`.',
    location: { file, line: root.line("run") ?? root.line("build") ?? 1 },
  });
}

function parse(text: string, file: string): Node {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined)
    throw badManifest(file, error.linePos?.[0].line, error.message.split("\n")[0] ?? "");
  if (document.contents === null) throw badManifest(file, 1, "nothing but comments stands in it");
  if (!isMap(document.contents)) throw badManifest(file, 1, "it is no mapping of names to values");
  return {
    value: document.toJS({ maxAliasCount: 100 }),
    line: (...path) => {
      const node = document.getIn(path, true) as
        | { range?: readonly [number, ...unknown[]] | null }
        | undefined;
      return node?.range == null ? undefined : lines.linePos(node.range[0]).line;
    },
  };
}

function badManifest(file: string, line: number | undefined, what: string): DeployError {
  return new DeployError({
    code: "import.bad-manifest",
    message: `${file} cannot be read: ${what}.`,
    hint: "Correct it first; Heroku does not read it like this, either.",
    location: { file, ...(line === undefined ? {} : { line }) },
  });
}

function readSetup(draft: Draft, setup: Fields, file: string, root: Node): void {
  const addons = Array.isArray(setup.addons) ? setup.addons : [];
  for (const [index, addon] of addons.entries()) {
    const { plan, as } = typeof addon === "string" ? { plan: addon, as: undefined } : fields(addon);
    const line = root.line("setup", "addons", index);
    const place = { file, ...(line === undefined ? {} : { line }) };
    if (typeof plan !== "string") draft.refused.push({ ...place, reason: "this add-on has no plan" });
    else draftAddon(draft, { plan, place, ...(typeof as === "string" ? { as } : {}) });
  }
  for (const [name, value] of Object.entries(fields(setup.config))) {
    if (value === null || isSecret(name, String(value))) draft.secrets.add(name);
    else draft.config.set(name, String(value));
  }
}

/** Which processes share the image that is carried over; the app has one. */
interface Images {
  /** Process to path of its Dockerfile. */
  readonly byProcess: ReadonlyMap<string, string>;
  readonly main: string | undefined;
  readonly stage?: string;
}

type Refuse = (reason: string, ...path: (string | number)[]) => void;

function readBuild(draft: Draft, build: Fields, refuse: Refuse): Images {
  const byProcess = new Map<string, string>();
  let stage: string | undefined;
  for (const [process, image] of Object.entries(fields(build.docker))) {
    const { dockerfile, target } = fields(image);
    const path =
      typeof image === "string" ? image : typeof dockerfile === "string" ? dockerfile : "Dockerfile";
    byProcess.set(process, path.replace(/^\.?\//, ""));
    if (typeof target === "string" && (process === "web" || stage === undefined)) stage = target;
  }
  const main = byProcess.get("web") ?? [...byProcess.values()][0];
  if (main !== undefined) {
    const slash = main.lastIndexOf("/");
    // On Heroku the build context is the directory that the Dockerfile is in.
    if (slash > 0) draft.build.context = main.slice(0, slash);
    draft.build.dockerfile = main.slice(slash + 1);
  }
  if (stage !== undefined) draft.build.stage = stage;
  for (const [name, value] of Object.entries(fields(build.config))) {
    if (value === null) continue;
    if (isSecret(name, String(value))) {
      refuse(
        `${name} looks like a secret, and build arguments stay in the image: read it when the app starts`,
        "build",
        "config",
        name,
      );
    } else draft.build.args[name] = String(value);
  }
  for (const key of ["languages", "packages", "pipeline"]) {
    if (!(key in build)) continue;
    refuse(
      key === "languages"
        ? "Heroku builds this without a Dockerfile, by the language: write a Dockerfile"
        : `build.${key} has no counterpart: put it into the Dockerfile`,
      "build",
      key,
    );
  }
  return { byProcess, main, ...(stage === undefined ? {} : { stage }) };
}

function readRelease(draft: Draft, release: Fields, images: Images, refuse: Refuse): void {
  const command = commandFrom(release.command);
  if (command !== undefined) {
    draft.release = command.command;
    if (command.joined) draft.inferred.push("The release commands run one after the other, joined by &&.");
  }
  const { image } = release;
  if (typeof image === "string" && isOther(images, image)) {
    refuse(
      `the release command runs in another image (${image}); here it runs in the app's own`,
      "release",
      "image",
    );
  }
  for (const key of Object.keys(release)) {
    if (key !== "command" && key !== "image") refuse(`release.${key} has no counterpart`, "release", key);
  }
}

async function readRun(
  draft: Draft,
  run: Fields,
  images: Images,
  read: ReadFile,
  refuse: Refuse,
): Promise<void> {
  const names = new Set([...images.byProcess.keys(), ...Object.keys(run)]);
  for (const name of names) {
    const wanted = run[name];
    const path = name in run ? ["run", name] : ["build", "docker", name];
    const { image } = fields(wanted);
    const own = typeof image === "string" ? image : name;
    if (isOther(images, own)) {
      const dockerfile = images.byProcess.get(own) ?? own;
      refuse(
        `${name} is built from ${dockerfile}, and an app has one image: make it an app of its own`,
        ...path,
      );
      continue;
    }
    const process = asName(name, 30);
    if (process === undefined || reservedProcessNames.includes(process) || draft.processes.has(process)) {
      refuse(`no process can be called ${name} here: rename it`, ...path);
      continue;
    }
    if (process !== name) draft.inferred.push(`The process ${name} is called ${process} here.`);
    const command = commandFrom(
      typeof wanted === "object" && !Array.isArray(wanted) ? fields(wanted).command : wanted,
    );
    if (command !== undefined) {
      draft.processes.set(process, { command: command.command });
      continue;
    }
    const text = images.main === undefined ? undefined : await read(images.main);
    const declared = text === undefined ? undefined : commandOfDockerfile(text, images.stage);
    if (declared !== undefined) {
      draft.inferred.push(`${process} is started as ${images.main} says.`);
      draft.processes.set(process, { command: declared });
      continue;
    }
    const missing = `${images.main ?? "the image"} does not say how ${process} is started`;
    refuse(`${missing}: write its command`, ...path);
    draft.processes.set(process, { command: commandToWrite(process), missing });
  }
}

/** Whether `name` is a process with an image of its own, another one than the app's. */
function isOther({ byProcess, main }: Images, name: string): boolean {
  const own = byProcess.get(name);
  return own !== undefined && own !== main;
}

/** A command as heroku.yml writes it: a text, or a list of words, or a list of whole commands. */
function commandFrom(value: unknown): { readonly command: Command; readonly joined?: true } | undefined {
  if (typeof value === "string" || typeof value === "number") {
    return String(value).trim() === "" ? undefined : { command: String(value) };
  }
  if (!Array.isArray(value)) return undefined;
  const parts = value.filter((part) => part !== null).map(String);
  const [first] = parts;
  if (first === undefined) return undefined;
  if (parts.length === 1) return { command: first };
  return parts.every((part) => /\s/.test(part))
    ? { command: parts.join(" && "), joined: true }
    : { command: parts };
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
