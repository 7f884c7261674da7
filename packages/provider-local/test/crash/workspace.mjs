import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackages } from "./installation.mjs";
import { processesOf } from "./look.mjs";
import { start } from "./program.mjs";

/** A home, a port, a copy of the command and room for apps, all of one test. */
export async function createWorkspace() {
  const root = mkdtempSync(join(tmpdir(), "deploy-crash-"));
  const home = join(root, "home");
  const port = await freePort();
  const env = { ...process.env, DEPLOY_HOME: home, DEPLOY_PORT: String(port), CI: "true", NO_COLOR: "1" };
  // Reading a bundle of certificates would be most of what a short command does.
  delete env.NODE_EXTRA_CA_CERTS;
  const { command, packages } = await installPackages(root);

  /** Starts the command in the directory of an app. */
  const deploy = (app, ...words) =>
    start([process.execPath, command, ...words], { cwd: join(root, app), env, input: "a secret\n" });

  return {
    root,
    home,
    port,
    env,
    command,
    packages,
    deploy,
    directory(app) {
      mkdirSync(join(root, app), { recursive: true });
      return join(root, app);
    },
    /** Runs the command to its good end. */
    async must(app, ...words) {
      const result = await deploy(app, ...words).done;
      if (result.code === 0) return result;
      const how = result.code ?? result.signal;
      throw new Error(`deploy ${words.join(" ")} ended with ${how}:\n${result.output}`);
    },
    supervisorPid() {
      try {
        return JSON.parse(readFileSync(join(home, "supervisor.json"), "utf8")).pid;
      } catch {
        return undefined;
      }
    },
    /** Ends what is left and removes everything. */
    remove() {
      const { supervisors, ...others } = processesOf(home);
      // The supervisor first, else it starts again what is killed.
      for (const { pid } of [...supervisors, ...Object.values(others).flat()]) {
        try {
          process.kill(Number(pid), "SIGKILL");
        } catch {
          // It has just ended.
        }
      }
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until `problemOf` has nothing to say; throws what it said last. */
export async function eventually(problemOf, withinMs = 15_000) {
  const end = Date.now() + withinMs;
  for (;;) {
    const problem = await problemOf();
    if (problem === undefined) return;
    if (Date.now() > end) throw new Error(problem);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
