import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** How a program ended, and what it printed. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An answer of the proxy. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookie: string | undefined;
}

/** What a request may say beyond its path. */
export interface Asked {
  readonly method?: string;
  readonly cookie?: string;
  readonly form?: Readonly<Record<string, string>>;
  /** A body of JSON, in the place of a form. */
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A copy of an example with a Deploy home and a port of its own. */
export interface Sandbox {
  readonly directory: string;
  readonly home: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs the built `deploy` in the copy. */
  deploy(args: readonly string[], input?: string): Promise<Ended>;
  /** Asks the proxy of this machine for `path` of `host`. */
  ask(host: string, path: string, asked?: Asked): Promise<Answer>;
  /** Everything that still belongs to this home: processes, files, the open port. */
  leftovers(): Promise<readonly string[]>;
  /** Ends what may be left after a failure, and removes both directories. */
  remove(): Promise<void>;
}

/**
 * Copies the example `name`, without its tests, to a temporary directory which is called `name`, too.
 *
 * @param packages Folders of further packages that the example imports, such as `provider-heroku`.
 */
export async function createSandbox(name: string, packages: readonly string[] = []): Promise<Sandbox> {
  const parent = await mkdtemp(join(tmpdir(), "deploy-example-"));
  const directory = join(parent, name);
  const source = fileURLToPath(new URL(`../${name}`, import.meta.url));
  await cp(source, directory, {
    recursive: true,
    filter: (path) => !/\/(?:node_modules|test|\.turbo)$/.test(path),
  });
  const program = await installCommand(parent, packages);
  const home = join(parent, "home");
  // Where databases of root are, as their system user cannot enter a home in a private temporary directory.
  const rootData = join("/var/lib/deploy", createHash("sha256").update(home).digest("hex").slice(0, 12));
  const places = [home, rootData];
  const port = await freePort();
  const env = { ...process.env, DEPLOY_HOME: home, DEPLOY_PORT: String(port), NO_COLOR: "1", CI: "1" };
  return {
    directory,
    home,
    port,
    env,
    deploy: (args, input) =>
      runNode([program, ...args], { directory, env, ...(input === undefined ? {} : { input }) }),
    ask: (host, path, asked) => ask(port, host, path, asked),
    leftovers: async () => [
      ...(await processesOf(places)),
      ...(await Promise.all(places.map(filesOf))).flat(),
      ...((await isListening(port)) ? [`port ${port}`] : []),
    ],
    async remove() {
      for (const line of await processesOf(places)) {
        try {
          process.kill(Number(line.split(" ")[1]), "SIGKILL");
        } catch {
          // It has ended by itself meanwhile.
        }
      }
      for (const place of [rootData, parent]) {
        await rm(place, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      }
    },
  };
}

/**
 * Puts the built command beside the example, as an installation would: what is built in the repository meanwhile does
 * not disturb a test, and what a package forgot to ship is missing here, too.
 */
async function installCommand(parent: string, packages: readonly string[]): Promise<string> {
  const modules = join(parent, "node_modules");
  for (const name of ["core", "provider-local", "cli", ...packages]) {
    for (const part of ["dist", "package.json"]) {
      const source = join(root, "packages", name, part);
      await cp(source, join(modules, "@deploy", name, part), { recursive: true }).catch((cause: unknown) => {
        throw new Error(`${source} is not there: build first (npm run build)`, { cause });
      });
    }
  }
  await cp(join(root, "node_modules", "jiti"), join(modules, "jiti"), { recursive: true });
  const cli = join(modules, "@deploy", "cli");
  const { bin } = JSON.parse(await readFile(join(cli, "package.json"), "utf8")) as {
    bin: { deploy: string };
  };
  return join(cli, bin.deploy);
}

/** Runs node with `args`, to its end. */
export function runNode(
  args: readonly string[],
  options: {
    readonly directory: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly input?: string;
  },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: options.directory, env: options.env });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (chunk: string) => {
        text[stream] += chunk;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ exitCode: code ?? -1, ...text }));
    child.stdin.end(options.input ?? "");
  });
}

/** Tries `look` until it answers with something, for `limitMs` at most. */
export async function eventually<T>(look: () => Promise<T | undefined>, limitMs = 20_000): Promise<T> {
  const started = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - started > limitMs) throw new Error(`nothing within ${limitMs} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Whether packages can be installed; says so in one line where they cannot. */
export async function registryAnswers(what: string): Promise<boolean> {
  const works = await new Promise<boolean>((resolve) => {
    execFile("npm", ["ping", "--fetch-retries=0", "--fetch-timeout=10000"], (error) =>
      resolve(error === null),
    );
  });
  if (!works) console.warn(`${what} is skipped: the npm registry does not answer (npm ping)`);
  return works;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function isListening(port: number): Promise<boolean> {
  return ask(port, "localhost", "/").then(
    () => true,
    () => false,
  );
}

function ask(port: number, host: string, path: string, asked: Asked = {}): Promise<Answer> {
  const form = asked.form === undefined ? undefined : new URLSearchParams(asked.form).toString();
  const body = asked.json === undefined ? form : JSON.stringify(asked.json);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: asked.method ?? "GET",
        agent: false,
        headers: {
          ...asked.headers,
          host: `${host}:${port}`,
          ...(asked.cookie === undefined ? {} : { cookie: asked.cookie }),
          ...(body === undefined
            ? {}
            : {
                "content-type":
                  asked.json === undefined ? "application/x-www-form-urlencoded" : "application/json",
                "content-length": Buffer.byteLength(body),
              }),
        },
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            body: text,
            cookie: answer.headers["set-cookie"]?.[0]?.split(";")[0],
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

async function filesOf(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => undefined);
  return names === undefined ? [] : [directory, ...names.map((name) => join(directory, name))];
}

/** Processes whose command or environment names one of the places: `process 4711 node …`. */
async function processesOf(places: readonly string[]): Promise<readonly string[]> {
  const isOurs = (text: string): boolean => places.some((place) => text.includes(place));
  if (process.platform !== "linux") {
    const lines = execFileSync("ps", ["-axww", "-o", "pid=,command="], { encoding: "utf8" }).split("\n");
    return lines.filter(isOurs).map((line) => `process ${line.trim()}`);
  }
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    const command = await read("cmdline");
    if (Number(pid) === process.pid || !(isOurs(command) || isOurs(await read("environ")))) continue;
    found.push(`process ${pid} ${command.replaceAll("\0", " ").trim()}`);
  }
  return found;
}
