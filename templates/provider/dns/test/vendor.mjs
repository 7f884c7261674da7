/*
 * A double of Nimbus Cloud: two zones, records by page, over real HTTP. `npm run vendor` starts it by itself.
 */
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

/** @typedef {{ id: string, name: string, type: string, content: string, ttl: number, comment: string }} Held */

const TOKEN = "nimbus-cloud-test-token";
/** Small, so that the provider has to turn pages. */
const PAGE = 25;

/** Starts it on a free port of this machine. */
export async function startVendor() {
  /** @type {Record<string, Held[]>} */
  let zones = {};
  let ids = 0;
  const reset = () => {
    zones = { "example.test": [], "other.test": [] };
    zones["example.test"]?.push(
      held({ name: "mail.example.test", type: "A", content: "192.0.2.9", ttl: 600 }),
    );
  };
  const held = (/** @type {Partial<Held>} */ record) =>
    /** @type {Held} */ ({ comment: "", ttl: 300, ...record, id: `r${++ids}` });
  reset();

  const answer = (
    /** @type {string} */ method,
    /** @type {URL} */ url,
    /** @type {Partial<Held>} */ body,
  ) => {
    const [, area = "", zone = "", , id] = url.pathname.split("/").map(decodeURIComponent);
    if (area === "account") return [200, { account: "acme", email: "dns@example.test" }];
    if (area !== "zones") return [404, { message: "no such path" }];
    if (zone === "")
      return [
        200,
        page(
          url,
          Object.keys(zones).map((name) => ({ name })),
        ),
      ];
    const records = zones[zone];
    if (records === undefined) return [404, { message: "no such zone" }];
    const at = records.findIndex((one) => one.id === id);
    if (method === "GET") return [200, page(url, records)];
    if (id !== undefined && at < 0) return [404, { message: "no such record" }];
    if (method === "DELETE") return [200, records.splice(at, 1)[0]];
    const clash = records.some(
      (one) =>
        one.id !== id &&
        one.name === body.name &&
        (isCname(one, zone) ||
          isCname(body, zone) ||
          (one.type === body.type && one.content === body.content)),
    );
    if (clash) return [409, { message: "there is such a record" }];
    const record = { ...held(body), ...(id === undefined ? {} : { id }) };
    records.splice(id === undefined ? records.length : at, id === undefined ? 0 : 1, record);
    return [200, record];
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
    env: {
      NIMBUS_CLOUD_URL: `http://127.0.0.1:${address.port}`,
      NIMBUS_CLOUD_TOKEN: TOKEN,
      NIMBUS_CLOUD_ZONE: "example.test",
    },
    reset,
    /** What is held, as the vendor's own console would show it. */
    records: (/** @type {string} */ zone) => zones[zone] ?? [],
    /** Makes a record past the provider, by hand. */
    plant(
      /** @type {string} */ zone,
      /** @type {import("@deploy/core").DnsRecordSet} */ { name, type, values, ttl },
    ) {
      for (const content of values) zones[zone]?.push(held({ name, type, content, ttl: ttl ?? 300 }));
    },
    /** Removes every record that carries a marker, by hand. */
    tamper(/** @type {string} */ zone) {
      zones[zone] = (zones[zone] ?? []).filter(({ comment }) => comment === "");
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A CNAME tolerates nothing beside it, but at the root of a zone, where it is flattened. */
function isCname(/** @type {Partial<Held>} */ { type, name }, /** @type {string} */ zone) {
  return type === "CNAME" && name !== zone;
}

/**
 * @param {URL} url
 * @param {readonly unknown[]} all
 */
function page(url, all) {
  const from = Number(url.searchParams.get("after") ?? 0);
  const next = from + PAGE < all.length ? String(from + PAGE) : null;
  return { items: all.slice(from, from + PAGE), next };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { env } = await startVendor();
  console.log(
    Object.entries(env)
      .map(([name, value]) => `export ${name}=${value}`)
      .join("\n"),
  );
}
