import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createDeployer, type Deployer, defineApp, redact } from "@deploy/core";
import { ecs, fargate } from "@deploy/provider-ecs";
import { buildImage, removeImages } from "../../provider-ecs/test/support/images.js";
import { run } from "../../provider-ecs/test/support/program.js";
import type { Vendor } from "../../provider-ecs/test/support/use-vendor.js";
import type { LoadedApp } from "../src/options.js";

/** Says what it is asked to say, and who it is when it starts. */
const server = `
import { createServer } from "node:http";
const version = "one";
createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/say") console.log(url.searchParams.get("text"));
  response.end("version " + version);
}).listen(Number(process.env.PORT), () => console.log("version " + version + " greets " + process.env.GREETING));
process.on("SIGTERM", () => { console.log("version " + version + " ends"); process.exit(0); });
`;

/** Prints what nobody may read. */
const worker = `
console.log("the key is " + process.env.SECRET_KEY);
setInterval(() => undefined, 60_000);
process.on("SIGTERM", () => process.exit(0));
`;

/** An app that is deployed to ministack, whose tasks are containers of this machine's Docker Engine. */
export interface EcsShop {
  /** What the console is given to load; the declaration that was deployed last. */
  loaded(): LoadedApp;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Deploys a version of the code with a greeting. */
  up(version: string, greeting: string): Promise<void>;
  /** Asks the load balancer, which has no name outside of AWS. */
  ask(path: string): Promise<string>;
  /** Ids of the containers of a process. */
  containers(process: string): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** The value that must be in nothing that the console stores or says. */
export const secretKey = "s3cret-key-of-the-shop";

/** Prepares image and directory; nothing is deployed yet. */
export async function createEcsShop({ emulator, env: own }: Vendor): Promise<EcsShop> {
  const directory = await mkdtemp(join(tmpdir(), "deploy-console-ecs-"));
  const base = `deploy-test-console-${process.pid}/node:22`;
  await buildImage(base, {
    programs: [process.execPath],
    instructions: [`RUN ["/bin/busybox", "ln", "-s", "${process.execPath}", "/bin/node"]`],
  });
  await writeFile(join(directory, "Dockerfile"), `FROM ${base}\nWORKDIR /app\nCOPY . .\n`);
  await writeFile(join(directory, "server.mjs"), server);
  await writeFile(join(directory, "worker.mjs"), worker);
  const file = join(directory, "deploy.config.ts");
  const env = {
    ...{ PATH: process.env.PATH, HOME: process.env.HOME, DOCKER_BUILDKIT: "0" },
    ...{ ...own, DEPLOY_ECR_REGISTRY: emulator.url.host },
  };
  const declare = (greeting: string): App =>
    defineApp({
      name: "shop",
      build: { dockerfile: "Dockerfile" },
      config: { GREETING: greeting, ...(greeting === "first" ? { OLD: "1" } : { NEW: "1" }) },
      secrets: ["SECRET_KEY"],
      processes: { web: { command: "node server.mjs", health: "/" }, worker: { command: "node worker.mjs" } },
      jobs: { nightly: { command: "node -v", schedule: "0 3 * * *" } },
      environments: {
        production: { target: ecs({ region: "us-east-1", capacity: fargate(), roleRestSeconds: 0 }) },
      },
    });
  let declared = declare("first");
  const deployer = (): Deployer => createDeployer(declared, { environment: "production", directory, env });
  const containers = async (only: (line: string) => boolean): Promise<readonly string[]> => {
    const format = '{{.ID}} {{.Names}} {{.Label "ministack.instance"}}';
    const { stdout } = await run(["docker", "ps", "--all", "--format", format]);
    return stdout
      .split("\n")
      .filter((line) => line.endsWith(`:${emulator.url.port}`) && only(line))
      .map((line) => line.split(" ")[0] ?? "");
  };
  return {
    env,
    loaded: () => ({ app: declared, directory, file }),
    async up(version, greeting) {
      const path = join(directory, "server.mjs");
      const text = await readFile(path, "utf8");
      await writeFile(path, text.replace(/version = "\w+"/, `version = "${version}"`));
      declared = declare(greeting);
      // The console loads anew what its file says when the file changes.
      await writeFile(file, `// ${greeting}\n`);
      await deployer().up({ secrets: { SECRET_KEY: redact(secretKey) } });
    },
    async ask(path) {
      const [url = ""] = (await deployer().status()).urls;
      return askBalancer(emulator.url, new URL(url).host, path);
    },
    containers: (process) => containers((line) => line.includes(`-${process} `)),
    async remove() {
      // What is left after a failure is removed below all the same.
      await Promise.allSettled([deployer().down({ confirm: "shop", deleteData: ["SECRET_KEY"] })]);
      for (const id of await containers(() => true)) await run(["docker", "rm", "-f", "-v", id]);
      const format = "{{.Repository}}:{{.Tag}}";
      const { stdout } = await run(["docker", "images", "--format", format]);
      const own = stdout
        .split("\n")
        .filter((line) => line.startsWith(`${emulator.url.host}/`) && !line.includes("<none>"));
      if (own.length > 0) await run(["docker", "rmi", "--force", ...own]);
      await removeImages(base);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function askBalancer({ hostname, port }: URL, host: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers: { host }, agent: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      answer.on("end", () => resolve(body));
    });
    sent.setTimeout(10_000, () => sent.destroy(new Error(`no answer for ${path}`)));
    sent.on("error", reject);
    sent.end();
  });
}
