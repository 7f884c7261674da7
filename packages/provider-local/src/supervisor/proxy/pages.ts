import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";

/** An answer which the proxy gives itself, because no app could. */
export interface ErrorPage {
  readonly status: number;
  /** Value of the `X-Deploy-Error` header, stable across versions, e.g. `no-instance`. */
  readonly code: string;
  /** What is wrong, one sentence. */
  readonly message: string;
  /** Lines shown as a list below the message. */
  readonly list?: readonly string[];
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

/** Names and reasons come from elsewhere: no control character of theirs reaches a terminal. */
function plain(text: string): string {
  return Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    return code < 32 || (code >= 127 && code < 160) ? " " : character;
  }).join("");
}

function renderHtml(title: string, message: string, list: readonly string[], requestId: string): string {
  const items = list.map((line) => `<li>${escapeHtml(line)}</li>`).join("");
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;
margin:4em auto;padding:0 1em;color:#222}small{color:#666}</style></head><body><h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(message)}</p>${items === "" ? "" : `<ul>${items}</ul>`}
<p><small>Request ${escapeHtml(requestId)}</small></p></body></html>
`;
}

function renderText(title: string, message: string, list: readonly string[], requestId: string): string {
  return `${[`${title}: ${message}`, ...list.map((line) => `  ${line}`), `Request ${requestId}`].join("\n")}\n`;
}

/** Sends an error page: HTML to who asks for HTML, text to everybody else. The response must not have begun. */
export function sendErrorPage(
  request: IncomingMessage,
  response: ServerResponse,
  page: ErrorPage,
  requestId: string,
): void {
  const asHtml = request.headers.accept?.includes("text/html") === true;
  const title = `${page.status} ${STATUS_CODES[page.status] ?? "Error"}`;
  const render = asHtml ? renderHtml : renderText;
  const body = Buffer.from(render(title, plain(page.message), (page.list ?? []).map(plain), requestId));
  const headers = [
    "Content-Type",
    asHtml ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
    "Content-Length",
    String(body.byteLength),
    "Cache-Control",
    "no-store",
    "Vary",
    "Accept",
    "X-Deploy-Error",
    page.code,
    "X-Request-Id",
    requestId,
  ];
  if (page.retryAfter !== undefined) headers.push("Retry-After", String(page.retryAfter));
  response.writeHead(page.status, headers);
  response.end(body);
}

/** Sends a redirect to `location`. Methods other than GET and HEAD keep their method and body. */
export function sendRedirect(
  request: IncomingMessage,
  response: ServerResponse,
  location: string,
  permanent: boolean,
): void {
  const reads = request.method === "GET" || request.method === "HEAD";
  const status = permanent ? (reads ? 301 : 308) : reads ? 302 : 307;
  response.writeHead(status, ["Location", location, "Content-Length", "0"]);
  response.end();
}
