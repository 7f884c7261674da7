import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Endpoint, UnixSocket } from "../endpoint.js";

/** A thing of the vendor for tests. */
export interface Thing {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** A vendor in memory: things with tags, created, changed and deleted over HTTP, and ready a while after that. */
export interface Vendor {
  readonly endpoint: Endpoint;
  /** What it holds, by name, without ids. */
  picture(): readonly Omit<Thing, "id">[];
  /** Forgets everything and holds these. */
  hold(things: readonly Omit<Thing, "id">[]): void;
  close(): Promise<void>;
}

/** How many looks at a new thing it takes until it is ready. */
const looksUntilReady = 2;

/** Starts a vendor on a free port, or on a unix socket. */
export async function startVendor(listen?: UnixSocket): Promise<Vendor> {
  const things = new Map<number, Thing & { looks: number }>();
  let lastId = 100;
  const add = (thing: Omit<Thing, "id">): Thing => {
    lastId += 1;
    const { name, size, tags } = thing;
    const made = { id: lastId, name, size, tags, looks: 0 };
    things.set(lastId, made);
    return made;
  };
  const view = (thing: Thing & { looks: number }): unknown => {
    thing.looks += 1;
    const { looks, ...rest } = thing;
    return { ...rest, state: looks > looksUntilReady ? "ready" : "pending" };
  };
  const answer = async (request: IncomingMessage): Promise<readonly [number, unknown?]> => {
    const id = Number(request.url?.split("/")[2]);
    const body = await readJson(request);
    const known = things.get(id);
    switch (request.method) {
      case "GET":
        return [200, [...things.values()].map(view)];
      case "POST":
        return [201, add(body as Thing)];
      case "PUT":
        if (known === undefined) return [404, { message: "no such thing" }];
        things.set(id, { ...known, ...(body as Thing), id });
        return [200, things.get(id)];
      case "DELETE":
        return things.delete(id) ? [204] : [404, { message: "no such thing" }];
      default:
        return [405, { message: "not here" }];
    }
  };
  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    if (listen === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(listen.socketPath, resolve);
  });
  return {
    endpoint: listen ?? new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    picture: () =>
      [...things.values()]
        .map(({ name, size, tags }) => ({ name, size, tags }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    hold(held) {
      things.clear();
      held.forEach(add);
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}
