/*
 * A double of Nimbus Cloud: secrets with versions, listed by page, over real HTTP. `npm run vendor` starts it by itself.
 */
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

/** @typedef {{ path: string, value: string, version: number, setAt: string }} Held */

const TOKEN = "nimbus-cloud-test-token";
const PAGE = 3;

/** Starts it on a free port of this machine. */
export async function startVendor() {
  /** @type {Map<string, Held>} */
  const secrets = new Map();
  // Outlives its secret: a version is never used again.
  let versions = 0;

  const answer = (
    /** @type {string} */ method,
    /** @type {URL} */ url,
    /** @type {{ value?: string }} */ body,
  ) => {
    const [, area = "", path] = url.pathname.split("/").map(decodeURIComponent);
    if (area === "account") return [200, { account: "acme", email: "vault@example.test" }];
    if (area !== "secrets") return [404, { message: "no such path" }];
    if (path === undefined) return [200, page(url, [...secrets.values()])];
    const held = secrets.get(path);
    if (method === "PUT") {
      const version = held !== undefined && held.value === body.value ? held.version : ++versions;
      const now = { path, value: body.value ?? "", version, setAt: new Date().toISOString() };
      secrets.set(path, now);
      return [200, { ...now, value: undefined }];
    }
    if (held === undefined) return [404, { message: "no such secret" }];
    if (method === "DELETE") secrets.delete(path);
    return [200, method === "GET" ? { value: held.value } : {}];
  };

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const [status, data] =
      request.headers.authorization === `Bearer ${TOKEN}`
        ? answer(
            request.method ?? "GET",
            new URL(request.url ?? "/", "http://vendor"),
            text === "" ? {} : JSON.parse(text),
          )
        : [401, { message: "unknown token" }];
    response.writeHead(Number(status), { "content-type": "application/json" }).end(JSON.stringify(data));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    env: { NIMBUS_CLOUD_URL: `http://127.0.0.1:${address.port}`, NIMBUS_CLOUD_TOKEN: TOKEN },
    reset: () => secrets.clear(),
    /** What is held, as the vendor's own console would show it. */
    secrets: () => [...secrets.values()],
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * @param {URL} url
 * @param {readonly Held[]} all
 */
function page(url, all) {
  const found = all.filter(({ path }) => path.startsWith(url.searchParams.get("prefix") ?? ""));
  const from = Number(url.searchParams.get("after") ?? 0);
  const next = from + PAGE < found.length ? String(from + PAGE) : null;
  return { items: found.slice(from, from + PAGE).map(({ value: _value, ...rest }) => rest), next };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { env } = await startVendor();
  console.log(
    Object.entries(env)
      .map(([name, value]) => `export ${name}=${value}`)
      .join("\n"),
  );
}
