import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import type { ProcessSource } from "./state.js";

/** What a build of a Dockerfile is given. */
export interface DockerBuild {
  readonly file: string;
  /** The variables of `build.config`, for ARG. */
  readonly args: Readonly<Record<string, string>>;
  /** Where the image's files are put. */
  readonly directory: string;
  /** RUN commands that are really run; see {@link runnable}. */
  readonly runs: RegExp;
  readonly say: (line: string) => void;
}

/** Commands which are run for real unless a test says otherwise: those that touch nothing but the build. */
const runnable = /^(\s*(echo|printf|exit|true|false|test|sleep)\b[^;&|<>`$]*(&&|;|$))+$/;

interface Stage {
  readonly root: string;
  workdir: string;
  env: Record<string, string>;
  entrypoint: readonly string[];
  cmd: readonly string[];
}

/**
 * Builds a Dockerfile as far as that goes without images: COPY, WORKDIR, ENV, ARG, CMD and ENTRYPOINT are done, by
 * stages; of RUN only what cannot do harm; programs of base images are this machine's own.
 *
 * Throws with the line that failed.
 */
export async function buildDockerfile(build: DockerBuild): Promise<ProcessSource> {
  const context = dirname(build.file);
  const instructions = parse(await readFile(build.file, "utf8"));
  const stages = new Map<string, Stage>();
  const args: Record<string, string> = {};
  let stage: Stage | undefined;
  for (const [index, [word, rest]] of instructions.entries()) {
    build.say(`Step ${index + 1}/${instructions.length} : ${word} ${rest}`);
    if (word === "FROM") {
      const [, base = "", name] = /^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?/i.exec(rest) ?? [];
      const from: Stage | undefined = stages.get(base);
      stage = {
        root: join(build.directory, String(stages.size)),
        workdir: "/",
        env: {},
        entrypoint: [],
        cmd: [],
      };
      await mkdir(stage.root, { recursive: true });
      if (from !== undefined) {
        await cp(from.root, stage.root, { recursive: true });
        stage = { ...from, root: stage.root };
      }
      stages.set(name ?? String(stages.size), stage);
      continue;
    }
    const [name = "", value = ""] = rest.split(/=(.*)/s);
    if (word === "ARG") args[name] = build.args[name] ?? unquote(value);
    if (stage === undefined) continue;
    const fill = (text: string): string =>
      text.replace(/\$\{?(\w+)\}?/g, (_, key: string) => stage?.env[key] ?? args[key] ?? "");
    if (word === "WORKDIR") stage.workdir = isAbsolute(rest) ? fill(rest) : join(stage.workdir, fill(rest));
    if (word === "ENV") stage.env = { ...stage.env, ...variables(fill(rest)) };
    if (word === "CMD") stage.cmd = command(rest);
    if (word === "ENTRYPOINT") stage.entrypoint = command(rest);
    if (word === "COPY" || word === "ADD") await copy(stage, stages, context, fill(rest), build.say);
    if (word === "RUN") await execute(stage, rest, { ...stage.env, ...args }, build);
  }
  if (stage === undefined) throw new Error("dockerfile parse error: no build stage in current context");
  await mkdir(join(stage.root, stage.workdir), { recursive: true });
  const argv = [...stage.entrypoint, ...stage.cmd];
  return {
    command: argv[0] === "/bin/sh" && argv[1] === "-c" ? (argv[2] ?? "") : argv.join(" "),
    argv,
    directory: join(stage.root, stage.workdir),
    env: stage.env,
  };
}

function parse(text: string): [word: string, rest: string][] {
  const joined = text.replace(/^\s*#.*$/gm, "").replace(/\\\r?\n/g, " ");
  return joined.split(/\r?\n/).flatMap((line): [string, string][] => {
    const [, word = "", rest = ""] = /^\s*(\w+)\s+(.*?)\s*$/.exec(line) ?? [];
    return word === "" ? [] : [[word.toUpperCase(), rest]];
  });
}

function command(rest: string): string[] {
  try {
    const list: unknown = JSON.parse(rest);
    if (Array.isArray(list)) return list.map(String);
  } catch {
    // Not the list form: a text, for the shell.
  }
  return ["/bin/sh", "-c", rest];
}

function variables(rest: string): Record<string, string> {
  const [, name = "", old = ""] = /^(\w+)\s+([^=].*)$/.exec(rest) ?? [];
  if (name !== "") return { [name]: unquote(old) };
  const pairs = rest.matchAll(/(\w+)=("[^"]*"|'[^']*'|\S*)/g);
  return Object.fromEntries([...pairs].map(([, key = "", value = ""]) => [key, unquote(value)]));
}

function unquote(text: string): string {
  return text.replace(/^(["'])(.*)\1$/s, "$2");
}

async function copy(
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  context: string,
  rest: string,
  say: (line: string) => void,
): Promise<void> {
  const from = /--from=(\S+)/.exec(rest)?.[1];
  const other = from === undefined ? undefined : (stages.get(from) ?? [...stages.values()][Number(from)]);
  if (from !== undefined && other === undefined) return say(` ---> files of the image ${from} are not here`);
  const plain = rest.replace(/^(--\S+\s+)+/, "");
  const words = plain.startsWith("[") ? (JSON.parse(plain) as string[]) : plain.split(/\s+/);
  const target = words.at(-1) ?? ".";
  const into = join(stage.root, isAbsolute(target) ? "" : stage.workdir, target);
  for (const source of words.slice(0, -1)) {
    const path = join(other?.root ?? context, source);
    const found = /[*?]/.test(source) ? await matching(path) : [path];
    for (const one of found) {
      if (!existsSync(one)) throw new Error(`COPY failed: file not found in build context: ${source}`);
      const isDirectory = (await stat(one)).isDirectory();
      const many = words.length > 2 || target.endsWith("/") || target === "." || existsSync(into);
      const place = isDirectory || !many ? into : join(into, basename(one));
      await mkdir(dirname(place), { recursive: true });
      await cp(one, place, { recursive: true });
    }
  }
}

async function matching(path: string): Promise<string[]> {
  const { readdir } = await import("node:fs/promises");
  const pattern = basename(path)
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((name) => new RegExp(`^${pattern}$`).test(name))
    .map((name) => join(dirname(path), name));
}

/** Runs a RUN instruction, if it is one of those that may run here. */
async function execute(
  stage: Stage,
  rest: string,
  env: Record<string, string>,
  { runs, say }: DockerBuild,
): Promise<void> {
  if (!runs.test(rest) && !runnable.test(rest)) return say(" ---> not run by the double");
  const cwd = join(stage.root, stage.workdir);
  await mkdir(cwd, { recursive: true });
  const child = spawn("/bin/sh", ["-c", rest], {
    cwd,
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: cwd, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  for (const line of text.split("\n").filter((one) => one !== "")) say(line);
  if (code !== 0) throw new Error(`The command '/bin/sh -c ${rest}' returned a non-zero code: ${code}`);
}
