import { createRequire } from "node:module";

/*
 * Many viewers of one stream, in a process of their own: opens as many sockets as it is told, and counts the lines that each of
 * them is sent.
 */

const { WebSocket } = createRequire(new URL("../../packages/console/package.json", import.meta.url))("ws");
const [url = "", cookie = "", count = "1"] = process.argv.slice(2);

const viewers = Array.from({ length: Number(count) }, () => ({ lines: 0, skipped: 0, caughtUp: false }));
for (const viewer of viewers) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/apps/printer/environments/local/logs/live`, {
    headers: { cookie, origin: url },
  });
  socket.on("message", (data) => {
    const text = String(data);
    if (text.startsWith('{"type":"lines"')) {
      // Counted without being taken apart: this process shares the machine with the one that is measured.
      for (let at = text.indexOf('"seq":'); at !== -1; at = text.indexOf('"seq":', at + 6)) viewer.lines += 1;
      return;
    }
    const message = JSON.parse(text);
    if (message.type === "skipped") viewer.skipped += message.count;
    if (message.type !== "caught-up") return;
    viewer.caughtUp = true;
    if (viewers.every(({ caughtUp }) => caughtUp)) process.send?.({ ready: true });
  });
  socket.on("error", (error) => {
    throw error;
  });
}

process.on("message", () => {
  process.send?.({
    least: Math.min(...viewers.map(({ lines }) => lines)),
    most: Math.max(...viewers.map(({ lines }) => lines)),
    skipped: viewers.reduce((sum, { skipped }) => sum + skipped, 0),
  });
});
