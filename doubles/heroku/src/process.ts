import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { isAbsolute, join, normalize } from "node:path";
import type { ProcessSource } from "./state.js";

/** A process that runs, or ran. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its exit code once it has ended; 128 and the signal's number when a signal ended it, as a shell counts. */
  readonly exited: Promise<number>;
  /** Asks it to end, and ends it after a while. */
  stop(milliseconds: number): Promise<void>;
}

const signals: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Starts a real process in the directory, or the unpacked image, of an artifact.
 *
 * It sees the variables it is given and nothing of ours. An image's files become its root directory when we are root
 * (Linux, `unshare --root`); otherwise its program is looked up in them.
 */
export function start(source: ProcessSource, argv: readonly string[], env: Record<string, string>): Running {
  const { file, args, cwd } = launch(source, argv);
  const child = spawn(file, args, {
    cwd,
    env: {
      PATH: source.root ? searchPath : (process.env.PATH ?? searchPath),
      HOME: cwd,
      ...source.env,
      ...env,
    },
    detached: true,
    stdio: "pipe",
  });
  child.stdin.on("error", () => undefined);
  const exited = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code, signal) => resolve(code ?? 128 + (signals[signal ?? ""] ?? 0)));
  });
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended already.
    }
  };
  return {
    child,
    exited,
    async stop(milliseconds) {
      signal("SIGTERM");
      const timer = setTimeout(() => signal("SIGKILL"), milliseconds);
      await exited;
      clearTimeout(timer);
      // What it left behind in its group goes too.
      signal("SIGKILL");
    },
  };
}

function launch(
  source: ProcessSource,
  argv: readonly string[],
): { file: string; args: string[]; cwd: string } {
  const [first = "", ...rest] = argv;
  const { root, directory } = source;
  if (root === undefined) return { file: first, args: rest, cwd: directory };
  if (process.getuid?.() === 0 && existsSync("/usr/bin/unshare"))
    return {
      file: "/usr/bin/unshare",
      args: ["--root", root, "--wd", directory, "--", first, ...rest],
      cwd: root,
    };
  const candidates = isAbsolute(first) ? [first] : searchPath.split(":").map((one) => join(one, first));
  const found = candidates.map((one) => inside(root, one)).find((one) => existsSync(one));
  return { file: found ?? first, args: rest, cwd: join(root, directory) };
}

/** Where a path of an image is on this machine, links followed inside of the image. */
function inside(root: string, path: string, depth = 0): string {
  const full = join(root, normalize(path));
  try {
    if (depth > 20 || !lstatSync(full).isSymbolicLink()) return full;
    const target = readlinkSync(full);
    return inside(root, isAbsolute(target) ? target : join(path, "..", target), depth + 1);
  } catch {
    return full;
  }
}

/** Tells of each whole line a process writes, and of the unfinished last one when it ends. */
export function lines(stream: NodeJS.ReadableStream, each: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const pieces = (rest + chunk).split(/\r?\n/);
    rest = pieces.pop() ?? "";
    for (const piece of pieces) each(piece);
  });
  stream.on("end", () => {
    if (rest !== "") each(rest);
  });
}

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether somebody listens on a port. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
