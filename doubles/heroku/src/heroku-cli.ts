import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { HerokuDouble } from "./double.js";

/** The release of the official CLI that the double is checked by. */
export const herokuCliVersion = "11.10.0";

/** What a command printed and how it ended. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The official `heroku` CLI, pointed at a double. */
export interface HerokuCli {
  /** Runs a command, such as `["ps", "--app", "shop"]`. */
  run(args: readonly string[]): Promise<CliResult>;
  /** Runs a command with `--json` and gives what it printed; throws when it fails. */
  json<T>(args: readonly string[]): Promise<T>;
  /** Removes its home directory. */
  close(): Promise<void>;
}

/** Where the CLI is kept between runs: `DEPLOY_HEROKU_CLI_CACHE`, else below the user's cache directory. */
function cliDirectory(): string {
  const cache =
    process.env.DEPLOY_HEROKU_CLI_CACHE ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "deploy");
  return join(cache, `heroku-cli-${herokuCliVersion}`);
}

/**
 * Installs the official CLI from the npm registry, once, outside of this repository; about 400 MB.
 *
 * Gives the path of its program, or undefined with a reason when it cannot be had.
 */
export async function installHerokuCli(): Promise<{ program: string } | { missing: string }> {
  const directory = cliDirectory();
  const program = (root: string): string => join(root, "node_modules", "heroku", "bin", "run.js");
  if (existsSync(program(directory))) return { program: program(directory) };
  await mkdir(join(directory, ".."), { recursive: true });
  // Installed aside and moved when it is whole, so that a cut-off leaves nothing half.
  const aside = await mkdtemp(`${directory}-`);
  await writeFile(join(aside, "package.json"), JSON.stringify({ private: true }));
  const args = [
    "install",
    `heroku@${herokuCliVersion}`,
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const { code, stderr } = await execute("npm", args, { cwd: aside, timeout: 300_000, env: process.env });
  if (code !== 0) {
    await rm(aside, { recursive: true, force: true });
    return {
      missing: `heroku@${herokuCliVersion} could not be installed from npm: ${stderr.trim().split("\n")[0]}`,
    };
  }
  await rename(aside, directory).catch(() => rm(aside, { recursive: true, force: true }));
  return { program: program(directory) };
}

/** What points the official CLI at a double, with a token of an account: environment variables. */
export function herokuCliEnvironment(
  double: Pick<HerokuDouble, "url">,
  token: string,
): Readonly<Record<string, string>> {
  return {
    HEROKU_HOST: double.url,
    HEROKU_PARTICLEBOARD_URL: double.url,
    HEROKU_API_KEY: token,
    HEROKU_SKIP_ANALYTICS: "1",
    DISABLE_TELEMETRY: "true",
    HEROKU_SKIP_NEW_VERSION_CHECK: "true",
    CI: "1",
    NO_COLOR: "1",
    COLUMNS: "200",
  };
}

/** Points the official CLI at a double; it finds a token of an account in its environment, and nothing of this user's. */
export async function createHerokuCli(
  program: string,
  double: HerokuDouble,
  token: string,
): Promise<HerokuCli> {
  const home = await mkdtemp(join(tmpdir(), "heroku-cli-"));
  const authority = join(home, "authority.pem");
  await writeFile(authority, double.certificate);
  const env = {
    ...herokuCliEnvironment(double, token),
    NODE_EXTRA_CA_CERTS: authority,
    PATH: process.env.PATH,
    HOME: home,
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_DATA_HOME: join(home, "data"),
  };
  const run = (args: readonly string[]): Promise<CliResult> =>
    execute(process.execPath, ["--no-deprecation", program, ...args], { cwd: home, timeout: 60_000, env });
  return {
    run,
    async json<T>(args: readonly string[]) {
      const { code, stdout, stderr } = await run([...args, "--json"]);
      if (code !== 0) throw new Error(`heroku ${args.join(" ")} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
}

function execute(
  file: string,
  args: readonly string[],
  options: { cwd: string; timeout: number; env: NodeJS.ProcessEnv },
): Promise<CliResult> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { ...options, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, stdout, stderr: stderr === "" && error !== null ? error.message : stderr });
      },
    );
    child.stdin?.end();
  });
}
