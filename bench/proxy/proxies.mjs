import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");

/** The bare answer of the upstream: 120 bytes. */
const answer = "0123456789".repeat(12);

/** Whether a program is installed. */
export function installed(program) {
  return (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, program)));
}

/** Bundles our proxy as it is bundled in the daemon, so that what is measured is what is shipped. */
function buildOurs(folder) {
  const bundle = join(folder, "proxy.mjs");
  execFileSync(join(root, "node_modules", ".bin", "esbuild"), [
    join(root, "packages/provider-local/src/supervisor/proxy/index.ts"),
    "--bundle",
    "--platform=node",
    "--format=esm",
    "--log-level=error",
    `--outfile=${bundle}`,
    `--alias:@deploy/core=${join(root, "packages/core/src/index.ts")}`,
    "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  ]);
  return bundle;
}

function oursScript(folder, port, upstream) {
  const script = join(folder, "ours.mjs");
  writeFileSync(
    script,
    `import { createProxy } from ${JSON.stringify(buildOurs(folder))};
const proxy = createProxy();
proxy.setService("web", { app: "bench", environment: "bench", process: "web",
  upstreams: [{ id: "one", host: "127.0.0.1", port: ${upstream} }] });
proxy.setRoutes({ "127.0.0.1": { service: "web" } });
await proxy.listen({ port: ${port} });
`,
  );
  return ["node", script];
}

function caddyConfig(folder, port, upstream) {
  const file = join(folder, "Caddyfile");
  writeFileSync(
    file,
    `{\n\tadmin off\n\tauto_https off\n\tlog {\n\t\tlevel ERROR\n\t}\n}\nhttp://127.0.0.1:${port} {\n\treverse_proxy 127.0.0.1:${upstream}\n}\n`,
  );
  return ["caddy", "run", "--config", file, "--adapter", "caddyfile"];
}

/** http-proxy with a keep-alive agent, its fastest setting; without one it is three times slower. */
function httpProxyScript(folder, port, upstream) {
  const modules = join(folder, "node_modules");
  if (!existsSync(join(modules, "http-proxy"))) {
    execFileSync("npm", [
      "install",
      "--prefix",
      folder,
      "--no-audit",
      "--no-fund",
      "--silent",
      "http-proxy@1.18.1",
    ]);
  }
  const script = join(folder, "http-proxy.cjs");
  writeFileSync(
    script,
    `const http = require("node:http");
const agent = new http.Agent({ keepAlive: true });
const proxy = require(${JSON.stringify(join(modules, "http-proxy"))}).createProxyServer({
  target: "http://127.0.0.1:${upstream}", agent, xfwd: true });
proxy.on("error", (_error, _request, response) => response.destroy());
http.createServer((request, response) => proxy.web(request, response)).listen(${port}, "127.0.0.1");
`,
  );
  return ["node", script];
}

function nginxConfig(folder, port) {
  const data = join(folder, "nginx");
  mkdirSync(data, { recursive: true });
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(data, name)};`,
  );
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${join(data, "pid")}; error_log ${join(data, "error")};
events { worker_connections 2048; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 65; ${paths.join(" ")}
server { listen 127.0.0.1:${port}; default_type text/plain; location / { return 200 "${answer}"; } } }
`,
  );
  return ["nginx", "-e", join(data, "error"), "-c", file];
}

/** A small upstream for machines without nginx. It is slower than nginx, so the ratios come out nearer to 1. */
function nodeUpstream(folder, port) {
  const script = join(folder, "upstream.cjs");
  writeFileSync(
    script,
    `const http = require("node:http");
const body = Buffer.from(${JSON.stringify(answer)});
const server = http.createServer((request, response) => {
  request.resume();
  response.writeHead(200, ["Content-Type", "text/plain", "Content-Length", String(body.length)]);
  response.end(body);
});
server.keepAliveTimeout = 65000;
server.listen(${port}, "127.0.0.1");
`,
  );
  return ["node", script];
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function startPinned(name, cpu, port, argv) {
  const pinned = installed("taskset") ? ["taskset", "-c", String(cpu), ...argv] : argv;
  // One CPU for everybody: Caddy must not start threads for cores which it does not have.
  const child = spawn(pinned[0], pinned.slice(1), {
    stdio: "ignore",
    env: { ...process.env, GOMAXPROCS: "1" },
  });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await accepts(port)) return { name, port, pid: child.pid, stop: () => child.kill("SIGTERM") };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGKILL");
  throw new Error(`${name} did not start: ${argv.join(" ")}`);
}

/**
 * Starts an upstream on CPU 1 and the proxies in front of it on CPU 0.
 * Returns them with the names of those which are not installed here.
 */
export async function startAll(folder, firstPort) {
  const upstreamPort = firstPort;
  const started = [];
  const missing = [];
  const upstream = installed("nginx")
    ? nginxConfig(folder, upstreamPort)
    : nodeUpstream(folder, upstreamPort);
  started.push(await startPinned("direct", 1, upstreamPort, upstream));
  started.push(await startPinned("ours", 0, firstPort + 1, oursScript(folder, firstPort + 1, upstreamPort)));
  if (installed("caddy")) {
    started.push(
      await startPinned("caddy", 0, firstPort + 2, caddyConfig(folder, firstPort + 2, upstreamPort)),
    );
  } else missing.push("caddy");
  try {
    const argv = httpProxyScript(folder, firstPort + 3, upstreamPort);
    started.push(await startPinned("http-proxy", 0, firstPort + 3, argv));
  } catch {
    missing.push("http-proxy");
  }
  return { started, missing };
}

/** CPU seconds that a process has used so far; NaN where /proc does not tell. */
export function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}
