// The app of the bench: prints numbered lines when it is asked to, `GET /print?count=100000&rate=5000`; rate 0 is as fast as it can.
import { createServer } from "node:http";

const paths = ["/", "/accounts/login/", "/api/items/41", "/static/app.css", "/reports/2026/11"];
let number = 0;

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://printer");
  const before = number;
  if (pathname === "/print") print(Number(searchParams.get("count")), Number(searchParams.get("rate")));
  response.end(String(before));
});
server.listen(Number(process.env.PORT), "127.0.0.1");

/**
 * @param {number} count
 * @param {number} rate Lines a second; 0 waits for the pipe only.
 */
function print(count, rate) {
  const started = performance.now();
  let printed = 0;
  const step = () => {
    const due =
      rate === 0 ? count : Math.min(count, Math.ceil(((performance.now() - started) / 1000) * rate));
    let flows = true;
    while (printed < due && flows) {
      let text = "";
      for (let lines = 0; lines < 200 && printed < due; lines++, printed++) text += `${line()}\n`;
      flows = process.stdout.write(text);
    }
    if (printed >= count) return;
    if (flows) setTimeout(step, 10);
    else process.stdout.once("drain", step);
  };
  step();
}

function line() {
  number += 1;
  const id = String(number).padStart(8, "0");
  const path = paths[number % paths.length];
  if (number % 50 === 0)
    return `[2026-11-22 10:00:00 +0000] [${number % 9}] [ERROR] n=${id} Error handling request ${path}`;
  return `127.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET ${path} HTTP/1.1" 200 ${number % 9000} "-" "Mozilla/5.0" n=${id}`;
}
