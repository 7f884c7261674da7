/** Characters of a body that an error quotes; a longer one is left out. */
const longestQuote = 300;

/** Headers whose values say nothing that has to be kept. */
const plainHeaders = new Set(["accept", "content-type", "user-agent", "content-length", "accept-encoding"]);

/** The address without what may be secret in it: query, user and password. */
export function withoutQuery(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/**
 * The body of a refusal, where it may be quoted: a short text that repeats nothing of what was sent.
 *
 * A vendor which says "invalid value hunter22" would otherwise carry a secret into our messages.
 */
export async function quotable(response: Response, url: URL, init: RequestInit): Promise<string | undefined> {
  const type = response.headers.get("content-type") ?? "";
  if (!/\b(json|text\/plain|xml)\b/.test(type)) {
    await response.body?.cancel().catch(() => undefined);
    return undefined;
  }
  const text = await readShort(response);
  if (text === undefined) return undefined;
  const quote = printableLine(messageIn(text) ?? text);
  if (quote === "" || quote.length > longestQuote) return undefined;
  return sentValues(url, init).some((value) => text.includes(value)) ? undefined : quote;
}

/** Stops reading once it is too long to be quoted. */
async function readShort(response: Response): Promise<string | undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return undefined;
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      text += decoder.decode(value, { stream: true });
      if (text.length > 16_384) {
        await reader.cancel();
        return undefined;
      }
    }
  } catch {
    return undefined;
  }
}

/** The sentence inside the JSON that most vendors answer with. */
function messageIn(text: string): string | undefined {
  try {
    const data: unknown = JSON.parse(text);
    const places = [data, member(data, "error"), firstOf(member(data, "errors")), member(data, "errors")];
    for (const place of places) {
      const message =
        member(place, "message") ?? member(place, "detail") ?? (place === data ? undefined : place);
      if (typeof message === "string") return message;
    }
  } catch {
    return undefined;
  }
  return undefined;
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

/** Everything of the request that is long enough to be a secret. */
function sentValues(url: URL, init: RequestInit): readonly string[] {
  const values = [...url.searchParams.values(), url.password, url.username];
  for (const [name, value] of new Headers(init.headers)) {
    if (!plainHeaders.has(name)) values.push(value, ...value.split(/[\s,;=]+/));
  }
  const { body } = init;
  if (typeof body === "string") values.push(...textsIn(body));
  else if (body instanceof URLSearchParams) values.push(...body.values());
  return values.filter((value) => value.length >= 4);
}

function textsIn(body: string): readonly string[] {
  try {
    const found: string[] = [];
    JSON.parse(body, (_key, value: unknown) => {
      if (typeof value === "string") found.push(value);
      return value;
    });
    return found;
  } catch {
    return [body, ...new URLSearchParams(body).values()];
  }
}

/** One line without control characters: what a vendor answers is untrusted. */
function printableLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
}
