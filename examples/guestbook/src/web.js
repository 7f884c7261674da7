// What visitors see. It knows no database: everything comes from `api`.
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { renderPage } from "./page.js";
import { HttpError, readBody, sendText, serve } from "./serve.js";
import { formToken, isFormOf, openSession, sessionCookie } from "./session.js";

const stopping = new AbortController();

serve(
  {
    "GET /healthz": (_request, response) => sendText(response, 200, "ok\n"),
    "GET /": async (request, response) => {
      const book = await (await askApi("/entries")).json();
      const session = openSession(request);
      response.setHeader("set-cookie", sessionCookie(session));
      response.setHeader("cache-control", "no-store");
      response.setHeader("content-security-policy", "default-src 'self'; frame-ancestors 'none'");
      sendText(response, 200, renderPage(book, formToken(session)), "text/html");
    },
    "POST /entries": async (request, response) => {
      const form = new URLSearchParams(await readBody(request));
      if (!isFormOf(openSession(request), form.get("token") ?? "")) {
        throw new HttpError(403, "This form is out of date: load the page again.");
      }
      await askApi("/entries", {
        method: "POST",
        body: JSON.stringify({ author: form.get("author"), message: form.get("message") }),
      });
      response.writeHead(303, { location: "/" }).end();
    },
    "GET /events": async (_request, response) => {
      const gone = new AbortController();
      response.on("close", () => gone.abort());
      const signal = AbortSignal.any([gone.signal, stopping.signal]);
      const changes = await askApi("/changes", { signal });
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      // It ends when either side goes away, which is no error: browsers connect again by themselves.
      await pipeline(Readable.fromWeb(changes.body), response).catch(() => response.end());
    },
    "GET /style.css": file("style.css", "text/css"),
    "GET /live.js": file("live.js", "text/javascript"),
  },
  { onStop: async () => stopping.abort() },
);

async function askApi(path, options) {
  const answer = await fetch(new URL(path, process.env.API_URL), options).catch((error) => {
    if (options?.signal?.aborted) throw new HttpError(503, "This copy is stopping.");
    console.error(`api: ${error.cause?.message ?? error.message}`);
    throw new HttpError(502, "The guestbook cannot be read just now.");
  });
  if (answer.ok) return answer;
  if (answer.status === 422) throw new HttpError(422, await answer.text());
  throw new HttpError(502, "The guestbook cannot be read just now.");
}

function file(name, type) {
  const text = readFileSync(new URL(`../public/${name}`, import.meta.url), "utf8");
  return (_request, response) => sendText(response, 200, text, type);
}
