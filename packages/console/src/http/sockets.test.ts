import { expect, test, vi } from "vitest";
import WebSocket from "ws";
import { placeOf } from "./place.js";
import type { Route } from "./route.js";
import { listen } from "./server.js";
import { streamed } from "./streamed.js";
import { openTestConsole } from "./testing/console.js";

test("a handler that fails brings nothing down, and tells the client nothing of why", async () => {
  const failures: string[] = [];
  const it = await openTestConsole({ onFailure: (thrown, where) => failures.push(`${where}: ${thrown}`) });
  const server = await listen({ host: "127.0.0.1", port: 0 });
  const early = await fetch(`http://127.0.0.1:${server.port}/`);
  expect(early.status).toBe(503);
  const routes: readonly Route[] = [
    {
      method: "GET",
      path: "/api/broken",
      action: "sign-in",
      handle: () => {
        throw new Error("password=hunter2");
      },
    },
    {
      method: "GET",
      path: "/api/broken/stream",
      action: "sign-in",
      handle: ({ signal }) => {
        const texts = (async function* () {
          yield "the first line\n";
          await new Promise((resolve) => setTimeout(resolve, 50));
          throw new Error("password=hunter2");
        })();
        return streamed(texts, { signal, headers: { "content-type": "text/plain" } });
      },
    },
    {
      method: "SOCKET",
      path: "/api/broken/socket",
      action: "sign-in",
      connect: () => {
        throw new Error("password=hunter2");
      },
    },
  ];
  const place = placeOf({}, server.port);
  server.serve({ services: it.services, routes, place });
  const answer = await fetch(`${place.origin}/api/broken`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("hunter2");
  const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const stream = await fetch(`${place.origin}/api/broken/stream`);
  let text = "";
  const reading = (async () => {
    for await (const chunk of stream.body as ReadableStream<Uint8Array>)
      text += Buffer.from(chunk).toString();
  })();
  await expect(reading).rejects.toThrow();
  expect(text).toBe("the first line\n");
  expect(printed).not.toHaveBeenCalled();
  printed.mockRestore();
  const socket = new WebSocket(`${place.origin.replace("http", "ws")}/api/broken/socket`, {
    origin: place.origin,
  });
  const closed = await new Promise<string>((resolve) =>
    socket.on("close", (code, why) => resolve(`${code} ${why}`)),
  );
  expect(closed).toBe("1011 failed");
  expect(failures).toEqual([
    "GET /api/broken: Error: password=hunter2",
    "SOCKET /api/broken/socket: Error: password=hunter2",
  ]);
  expect((await fetch(`${place.origin}/api/broken`)).status).toBe(500);
  await server.close();
  await it.end();
});

test("a message that is too large ends its socket, and no other", async () => {
  const it = await openTestConsole();
  const path = "/api/apps/shop/environments/production/logs/live";
  const [one, other] = [it.socket(path, { as: it.owner }), it.socket(path, { as: it.owner })];
  const ended = new Promise<number>((resolve) => one.on("close", resolve));
  await Promise.all([one, other].map((socket) => new Promise((resolve) => socket.once("open", resolve))));
  one.send("x".repeat(100_000));
  expect(await ended).toBe(1009);
  expect(other.readyState).toBe(other.OPEN);
  other.terminate();
  await it.end();
});
