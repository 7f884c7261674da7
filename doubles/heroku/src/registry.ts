import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import { join } from "node:path";
import { findApp, permissionsOf } from "./lookup.js";
import { freePort, listens } from "./process.js";
import { collect, listen, tokenOf } from "./server.js";
import type { World } from "./world.js";

/** The image registry: a real one behind Heroku's door. */
export interface Registry {
  /** Where clients push to; what `https://registry.heroku.com` is. */
  readonly url: string;
  /** Where the real registry listens, without any door. */
  readonly upstream: string;
}

/** The only kind of manifest Heroku's registry takes. */
const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

/** Debian's registry; undefined when it is not installed. */
export function findRegistry(): string | undefined {
  return ["/usr/bin/docker-registry", "/usr/bin/registry"].find((one) => existsSync(one));
}

/** Starts a registry on disk, and a door in front of it which asks for a token and keeps what is pushed in mind. */
export async function createRegistry(world: World, program: string): Promise<Registry> {
  const port = await freePort();
  const config = join(world.directory, "registry.yml");
  const rootdirectory = join(world.directory, "registry");
  await mkdir(rootdirectory);
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: "error" },
      storage: { filesystem: { rootdirectory }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}`, relativeurls: true },
    }),
  );
  const child = spawn(program, ["serve", config], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  world.closing.push(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const until = Date.now() + 10_000;
  while (!(await listens(port)))
    if (Date.now() > until) throw new Error("The double's image registry did not start.");
    else await new Promise((resolve) => setTimeout(resolve, 50));
  const upstream = `http://127.0.0.1:${port}`;
  const door = await listen(
    createServer((request, response) => {
      enter(world, upstream, request, response).catch((thrown: unknown) => {
        world.failures.push(thrown);
        request.socket.destroy();
      });
    }),
  );
  world.closing.push(() => door.close());
  world.urls.registry = door.url;
  return { url: door.url, upstream };
}

async function enter(
  world: World,
  upstream: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET", headers, url = "/" } = request;
  const path = url.replace(/\?.*/s, "");
  const token = tokenOf(headers.authorization);
  const call = world.ledger.note(
    { host: "registry", method, path, route: undefined, accept: headers.accept ?? "" },
    token,
    Buffer.alloc(0),
  );
  const refuse = (status: number, code: string, message: string): void => {
    call.status = status;
    response.writeHead(status, {
      "Content-Type": "application/json",
      "Docker-Distribution-Api-Version": "registry/2.0",
      ...(status === 401 && { "Www-Authenticate": 'Basic realm="Heroku"' }),
    });
    response.end(JSON.stringify({ errors: [{ code, message }] }));
  };
  const fault = world.faults.meet("registry", method, path, undefined);
  if (fault?.kind === "reset") return void request.socket.destroy();
  if (fault?.kind === "answer") return refuse(fault.status, fault.id, fault.message ?? fault.id);
  const account = world.state.accounts.find((one) => token !== "" && one.tokens.includes(token));
  if (account === undefined) return refuse(401, "UNAUTHORIZED", "authentication required");
  const place = /^\/v2\/([^/]+)\/([^/]+)\/(manifests|blobs|tags)\//.exec(path);
  const [, name = "", type = "", what] = place ?? [];
  const app = findApp(world, name);
  const mayEnter = app !== undefined && permissionsOf(world, app, account).includes("deploy");
  if (place === null ? path !== "/v2/" && path !== "/v2" : !mayEnter)
    return refuse(403, "DENIED", "requested access to the resource is denied");
  const isManifest = method === "PUT" && what === "manifests";
  if (isManifest && headers["content-type"] !== dockerManifest)
    return refuse(405, "UNSUPPORTED", "The operation is unsupported.");
  const body = isManifest ? await collect(request) : undefined;
  const { authorization: _, ...rest } = headers;
  const forward = send(upstream + url, { method, headers: rest, agent: false }, (answered) => {
    call.status = answered.statusCode ?? 0;
    if (body && app && answered.statusCode === 201) {
      const { config } = JSON.parse(body.toString()) as { config: { digest: string } };
      const manifest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
      world.state.images.push({
        app: app.id,
        type,
        repository: `${name}/${type}`,
        manifest,
        config: config.digest,
      });
    }
    if (fault?.kind === "lost") return void request.socket.destroy();
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
  });
  forward.on("error", () => request.socket.destroy());
  if (body) forward.end(body);
  else request.pipe(forward);
}
