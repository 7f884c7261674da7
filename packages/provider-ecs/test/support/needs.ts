import { run } from "./program.js";

/** What a suite may need beyond Node: the emulators' virtual environment, a Docker Engine. */
export type Need = "python" | "docker";

/** Where the emulators are; see `scripts/emulators/install.mjs`. */
export interface EmulatorFiles {
  /** The interpreter that has moto and ministack. */
  readonly python: string;
  /** botocore's `data` directory, with AWS's service models. */
  readonly models: string;
}

const installer: string = new URL("../../../../scripts/emulators/install.mjs", import.meta.url).pathname;
let files: Promise<EmulatorFiles | string> | undefined;
let docker: Promise<string | undefined> | undefined;

/**
 * Whether everything is there; if not, one line on stderr says what is missing.
 *
 * @throws Error when `DEPLOY_TEST_REQUIRE` asks for what is missing: in CI a suite must not skip by itself.
 */
export async function has(...needs: readonly Need[]): Promise<boolean> {
  const required = (process.env.DEPLOY_TEST_REQUIRE ?? "").split(",").map((one) => one.trim());
  let all = true;
  for (const need of needs) {
    const missing = need === "docker" ? await missingDocker() : await missingEmulators();
    if (missing === undefined) continue;
    if (required.includes(need)) throw new Error(`DEPLOY_TEST_REQUIRE asks for ${need}: ${missing}`);
    console.warn(`skipped: ${missing}`);
    all = false;
  }
  return all;
}

/**
 * The emulators' files, installed the first time (about 15 s).
 *
 * @throws Error when they cannot be installed; ask {@link has} first.
 */
export async function emulatorFiles(): Promise<EmulatorFiles> {
  files ??= install();
  const found = await files;
  if (typeof found === "string") throw new Error(found);
  return found;
}

async function missingEmulators(): Promise<string | undefined> {
  files ??= install();
  const found = await files;
  return typeof found === "string" ? `no emulators of AWS: ${found}` : undefined;
}

async function install(): Promise<EmulatorFiles | string> {
  const { code, stdout, stderr } = await run([process.execPath, installer], { timeoutMs: 600_000 });
  if (code !== 0) return stderr.trim() || `the installer ended with ${code}`;
  return JSON.parse(stdout) as EmulatorFiles;
}

async function missingDocker(): Promise<string | undefined> {
  docker ??= run(["docker", "version", "--format", "{{.Server.Version}}"], { timeoutMs: 20_000 }).then(
    ({ code, stderr }) => {
      const reason = stderr.trim().split("\n").at(-1) ?? "";
      return code === 0
        ? undefined
        : `no Docker Engine answers (apt-get install docker.io, start dockerd): ${reason}`;
    },
  );
  return docker;
}
