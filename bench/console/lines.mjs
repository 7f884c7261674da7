/*
 * Lines as an app behind nginx prints them: access logs, gunicorn, JSON of Django, Celery, SQL, tracebacks; with times, ids and
 * addresses that do not repeat. The same ones each time.
 */

const PATHS = [
  "/",
  "/guestbook/",
  "/api/v1/orders/",
  "/api/v1/users/",
  "/static/app.js",
  "/healthz",
  "/accounts/login/",
];
const AGENTS = [
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
  "curl/8.5.0",
];
const START = Date.UTC(2026, 10, 20);

/** Stands in one line only, near the beginning of the history: the last one that a search comes to. */
export const RARE = "Zebra-Crossing closed";

/**
 * @param {number} count
 * @returns {import("../../packages/console/src/store/types.ts").NewLine[]}
 */
export function makeLines(count) {
  const random = generator(42);
  const below = (limit) => Math.floor(random() * limit);
  const pick = (values) => values[below(values.length)];
  const hex = (length) => Array.from({ length }, () => below(16).toString(16)).join("");
  const lines = [];
  let time = START;
  for (let index = 0; index < count; index++) {
    time += below(40);
    const iso = new Date(time).toISOString();
    const second = iso.slice(0, 19).replace("T", " ");
    const path = pick(PATHS) + (random() < 0.5 ? below(90_000) : "");
    const id = hex(16);
    const status = pick([200, 200, 200, 200, 201, 302, 404, 500]);
    const kind = random();
    let [process, level, text] = ["web", "info", ""];
    if (kind < 0.3) {
      process = "nginx";
      level = status >= 500 ? "error" : status >= 400 ? "warn" : "info";
      text = `10.${below(4)}.${below(256)}.${below(256)} - - [${iso}] "GET ${path} HTTP/1.1" ${status} ${below(60_000)} "-" "${pick(AGENTS)}" rt=${random().toFixed(3)} id=${id}`;
    } else if (kind < 0.5) {
      text = `[${second} +0000] [${7 + below(20)}] [INFO] GET ${path} status=${status} duration=${below(900)}ms request_id=${id}`;
    } else if (kind < 0.75) {
      level = pick(["info", "info", "info", "warning", "error"]);
      text = `{"time":"${iso}","level":"${level}","logger":"django.request","message":"handled ${path}","request_id":"${id}","user":${below(50_000)},"duration_ms":${below(900)}}`;
      if (level === "warning") level = "warn";
    } else if (kind < 0.9) {
      process = "worker";
      text = `INFO ${second},${String(time % 1000).padStart(3, "0")} orders.tasks ${7 + below(20)} Task orders.tasks.send_mail[${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}] succeeded in ${(random() * 3).toFixed(6)}s: None`;
    } else if (kind < 0.97) {
      level = "debug";
      text = `DEBUG django.db.backends (0.${String(below(999)).padStart(3, "0")}) SELECT "orders_order"."id", "orders_order"."user_id", "orders_order"."total" FROM "orders_order" WHERE "orders_order"."user_id" = ${below(50_000)} LIMIT 21; args=(${below(50_000)},)`;
    } else {
      level = "none";
      text = `  File "/app/orders/views.py", line ${below(400)}, in ${pick(["get", "post", "checkout"])}`;
    }
    if (index === Math.floor(count / 800)) text += ` ${RARE}`;
    lines.push({
      ...{
        time,
        process,
        instance: `${process}.${1 + below(2)}`,
        release: 1 + Math.floor((index * 4) / count),
      },
      ...{ stream: "stdout", level, text },
    });
  }
  return lines;
}

function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
    mixed ^= mixed >>> 12;
    return (mixed >>> 0) / 2 ** 32;
  };
}
