import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, it } from "vitest";
import { windDown } from "../src/supervisor/wind-down.js";
import { eventually } from "./support/poll.js";

const request = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

it("a kept connection gets one more answer, which closes it; one that stays silent is hung up on", async () => {
  const server = createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const open = () => {
    const socket = connect(port, "127.0.0.1");
    const seen = { text: "", closed: false, socket };
    socket.setEncoding("utf8").on("data", (text: string) => {
      seen.text += text;
    });
    socket.on("close", () => {
      seen.closed = true;
    });
    socket.write(request);
    return seen;
  };
  const [busy, silent] = [open(), open()];
  await eventually("both are answered", () => busy.text.endsWith("ok") && silent.text.endsWith("ok"));
  expect(busy.text).toContain("Connection: keep-alive");

  const began = Date.now();
  let over = false;
  const ended = windDown([server]).then(() => {
    over = true;
  });
  busy.text = "";
  // That nothing happens can only be seen by waiting.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect([busy.closed, silent.closed, over]).toEqual([false, false, false]);
  busy.socket.write(request);
  await eventually("it is answered and closed", () => busy.closed);
  expect(busy.text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*ok$/s);

  await ended;
  await eventually("the silent one is closed", () => silent.closed);
  expect(Date.now() - began).toBeLessThan(5000);
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
});
