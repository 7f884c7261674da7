/** What the proxy does with a header it received. */
const Action = { Forward: 0, Drop: 1, Host: 2, Connection: 3, ContentLength: 4 } as const;
type Action = (typeof Action)[keyof typeof Action];

/** Meant for one connection only, RFC 9110 section 7.6.1; `Trailer` stays because trailers are passed on. */
const hopByHop = [
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
];

/**
 * Request headers by which a proxy tells an app who its client is. The client's own are never believed.
 * `Proxy` would become `HTTP_PROXY` in a CGI environment (CVE-2016-5385).
 */
const claims = [
  "forwarded",
  "x-real-ip",
  "x-request-id",
  "x-url-scheme",
  "x-client-ip",
  "proxy",
  "expect",
  "http2-settings",
];

const requestActions = new Map<string, Action>([
  ...[...hopByHop, ...claims].map((name): [string, Action] => [name, Action.Drop]),
  ["host", Action.Host],
  ["connection", Action.Connection],
]);

const responseActions = new Map<string, Action>([
  ...hopByHop.map((name): [string, Action] => [name, Action.Drop]),
  ["connection", Action.Connection],
  ["content-length", Action.ContentLength],
]);

/** How many spellings of header names are remembered: the other side chooses them, so they must not fill the memory. */
const rememberedSpellings = 2_000;

function classifier(decide: (lowerCaseName: string) => Action): (name: string) => Action {
  // Looking a spelling up is far cheaper than lower-casing it on every request.
  const bySpelling = new Map<string, Action>();
  return (name) => {
    const remembered = bySpelling.get(name);
    if (remembered !== undefined) return remembered;
    const action = decide(name.toLowerCase());
    if (bySpelling.size < rememberedSpellings) bySpelling.set(name, action);
    return action;
  };
}

const requestAction = classifier((name) => {
  // WSGI and CGI read `x_forwarded_for` and `x-forwarded-for` as the same variable.
  const dashed = name.replaceAll("_", "-");
  if (dashed.startsWith("x-forwarded-")) return Action.Drop;
  const action = requestActions.get(dashed) ?? Action.Forward;
  return action !== Action.Forward && dashed !== name ? Action.Drop : action;
});

const responseAction = classifier((name) => responseActions.get(name) ?? Action.Forward);

/** The header names which a Connection header declares to be hop-by-hop, lower case; undefined for the usual values. */
function namedByConnection(value: string): string[] | undefined {
  const lowerCase = value.toLowerCase();
  if (lowerCase === "keep-alive" || lowerCase === "close" || lowerCase === "upgrade") return undefined;
  return lowerCase.split(",").map((token) => token.trim());
}

function without(headers: string[], names: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    const lowerCase = name.toLowerCase();
    // A client must not make the proxy drop the framing or the host of a request.
    if (names.includes(lowerCase) && lowerCase !== "content-length" && lowerCase !== "host") continue;
    kept.push(name, headers[index + 1] as string);
  }
  return kept;
}

/** What the proxy tells an app about the client. */
export interface ForwardedClient {
  readonly host: string | undefined;
  readonly address: string;
  readonly protocol: string;
  /** Port of the listener, as a decimal number. */
  readonly port: string;
  readonly requestId: string;
}

/**
 * The headers to send to an upstream, as name, value, name, value.
 *
 * Hop-by-hop headers and everything a client claims about itself are left out. Undefined when the client sent more
 * than one Host header, which must be refused: whoever reads the second one would see another request.
 */
export function requestHeaders(raw: readonly string[], client: ForwardedClient): string[] | undefined {
  let headers: string[] = [];
  let hosts = 0;
  let named: string[] | undefined;
  if (client.host !== undefined) headers.push("host", client.host);
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const action = requestAction(name);
    if (action === Action.Forward) headers.push(name, raw[index + 1] as string);
    else if (action === Action.Host) hosts += 1;
    else if (action === Action.Connection) {
      const names = namedByConnection(raw[index + 1] as string);
      if (names !== undefined) named = named === undefined ? names : named.concat(names);
    }
  }
  if (hosts > 1) return undefined;
  if (named !== undefined) headers = without(headers, named);
  headers.push("x-forwarded-for", client.address, "x-forwarded-proto", client.protocol);
  if (client.host !== undefined) headers.push("x-forwarded-host", client.host);
  headers.push("x-forwarded-port", client.port, "x-request-id", client.requestId);
  return headers;
}

/** The header of a response on its way to the client. */
export interface ResponseHeader {
  /** Name, value, name, value. */
  readonly headers: string[];
  /** Bytes of the body as the upstream declared them; -1 when it did not. */
  readonly contentLength: number;
}

/** The headers to send to a client, from what an upstream sent: all but the hop-by-hop ones. */
export function responseHeaders(raw: readonly Buffer[]): ResponseHeader {
  let headers: string[] = [];
  let contentLength = -1;
  let named: string[] | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as Buffer).toString("latin1");
    const action = responseAction(name);
    if (action === Action.Drop) continue;
    const value = (raw[index + 1] as Buffer).toString("latin1");
    if (action === Action.Connection) {
      const names = namedByConnection(value);
      if (names !== undefined) named = named === undefined ? names : named.concat(names);
      continue;
    }
    if (action === Action.ContentLength) contentLength = Number(value);
    headers.push(name, value);
  }
  if (named !== undefined) headers = without(headers, named);
  return { headers, contentLength };
}

/** Whether a request id sent by a client may go into logs: 1 to 128 characters without spaces, quotes and controls. */
export function isSaneRequestId(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9._:+/=@-]{1,128}$/.test(value);
}
