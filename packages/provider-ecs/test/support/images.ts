import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./program.js";

/** What an image is made of. */
export interface ImageContent {
  /** Absolute paths of programs of this machine; each comes with the libraries that it is linked with. */
  readonly programs?: readonly string[];
  /** Absolute paths of further files of this machine, as they are. */
  readonly copies?: readonly string[];
  /** Further files: path in the image to text. */
  readonly files?: Readonly<Record<string, string>>;
  /** Further lines of the Dockerfile, such as `CMD ["/bin/sh"]`. */
  readonly instructions?: readonly string[];
}

/**
 * Builds an image from nothing, because none can be pulled in a closed network: BusyBox with all its names in `/bin`,
 * and the given programs.
 *
 * @throws Error when there is no static BusyBox (`apt-get install busybox-static`), or the engine does not build it.
 */
export async function buildImage(
  reference: string,
  { programs = [], copies = [], files = {}, instructions = [] }: ImageContent = {},
): Promise<void> {
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
  if (busybox === undefined) throw new Error("no busybox (Debian: apt-get install busybox-static)");
  const context = await mkdtemp(join(tmpdir(), "deploy-image-"));
  try {
    const put = async (path: string, source: string): Promise<void> => {
      const target = join(context, "root", path);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(source, target);
    };
    await put("/bin/busybox", busybox);
    await mkdir(join(context, "root/tmp"), { recursive: true });
    for (const program of programs) for (const path of await linkedWith(program)) await put(path, path);
    for (const path of copies) await put(path, path);
    for (const [path, text] of Object.entries(files)) {
      const target = join(context, "root", path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text, { mode: 0o755 });
    }
    const dockerfile = [
      "FROM scratch",
      "COPY root /",
      'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
      `ENV PATH=${["/bin", "/usr/bin", ...new Set(programs.map(dirname))].join(":")}`,
      ...instructions,
    ];
    await writeFile(join(context, "Dockerfile"), `${dockerfile.join("\n")}\n`);
    const built = await run(["docker", "build", "--quiet", "--tag", reference, context], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      timeoutMs: 300_000,
    });
    if (built.code !== 0) throw new Error(`docker build: ${built.stderr.trim()}`);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/**
 * Removes images, and whatever containers were started by these names.
 *
 * An image of the same content is the same image to the Engine, whatever its name, and the filter `ancestor` finds the
 * containers of all: those of another suite that runs at this moment are left alone.
 */
export async function removeImages(...references: readonly string[]): Promise<void> {
  for (const reference of references) {
    const { stdout } = await run(["docker", "ps", "--all", "--format", "{{.ID}} {{.Image}}"]);
    const ids = stdout.split("\n").flatMap((line) => {
      const [id = "", image] = line.split(" ");
      return image === reference ? [id] : [];
    });
    if (ids.length > 0) await run(["docker", "rm", "--force", "--volumes", ...ids]);
    await run(["docker", "rmi", "--force", reference]);
  }
}

/** A program and the libraries that it is linked with, by absolute paths. */
async function linkedWith(program: string): Promise<readonly string[]> {
  const { stdout } = await run(["ldd", program]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  await Promise.all(libraries.map((path) => stat(path)));
  return [program, ...libraries];
}
