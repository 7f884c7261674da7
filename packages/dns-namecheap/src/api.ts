import {
  type Clock,
  type Context,
  createLimiter,
  DeployError,
  isThrottled,
  isTransient,
  type Limiter,
  request,
  retry,
} from "@deploy/core";

/** An element of an answer: attributes and children by name, as they are spelt on the wire. */
export interface Element {
  readonly [name: string]: unknown;
}

/** Where and as whom; what is absent is taken from the environment. */
export interface ApiOptions {
  readonly sandbox?: boolean;
  readonly clientIp?: string;
  readonly endpoint?: string;
}

/** The only way to Namecheap. */
export interface Api {
  /**
   * Makes one call, by POST always, so that the key is in no address. Reads are repeated when they fail for the moment; a
   * write only when Namecheap has refused it for its rate, which it does before doing anything.
   *
   * @returns the `CommandResponse`.
   * @throws DeployError `credentials.missing`, `credentials.refused`, `credentials.address-not-allowed`; `dns.no-zone`,
   * `dns.not-served`, `dns.throttled`, `dns.unavailable`, `dns.bad-answer`, `dns.refused`; what `request` throws.
   */
  call(context: Context, command: string, params?: Readonly<Record<string, string>>): Promise<Element>;
}

/** "20 a minute, 700 an hour, 8,000 a day", which the official SDK keeps to as well; half of a minute's at once. */
const rate = { perSecond: 10 / 60, burst: 10 };
/** Milliseconds to pause after HTTP 405, which is how Namecheap says that it is called too often. */
const restMs = 20_000;
const docs = "https://www.namecheap.com/support/api/intro/";

/** One account's API; the XML parser is loaded with the first answer. */
export function createApi(options: ApiOptions): Api {
  const limiters = new WeakMap<Clock, Limiter>();
  const limiterOf = (clock: Clock): Limiter => {
    const limiter = limiters.get(clock) ?? createLimiter({ concurrency: 4, rate }, clock);
    limiters.set(clock, limiter);
    return limiter;
  };

  return {
    call(context, command, params = {}) {
      const { env } = context;
      const user = required(env, "NAMECHEAP_API_USER");
      const key = required(env, "NAMECHEAP_API_KEY");
      const host = options.sandbox === true ? "api.sandbox.namecheap.com" : "api.namecheap.com";
      const url = options.endpoint ?? env.NAMECHEAP_API_URL ?? `https://${host}/xml.response`;
      const body = new URLSearchParams({
        ApiUser: user,
        ApiKey: key,
        UserName: user,
        ClientIp: options.clientIp ?? env.NAMECHEAP_CLIENT_IP ?? "127.0.0.1",
        Command: `namecheap.${command}`,
        ...params,
      });
      const once = async (): Promise<Element> => {
        const init = { method: "POST", body };
        const settings = { code: "dns", timeoutMs: 60_000, attempts: 1 };
        const response = await request(context, url, init, settings).catch((error: unknown) => {
          const status = DeployError.is(error) ? error.details.status : undefined;
          throw status === 405 || status === 429 ? tooOften(command) : error;
        });
        return read(command, await response.text());
      };
      const isRead = !/\.set/i.test(command);
      return retry(context, () => limiterOf(context.clock).run(once, { signal: context.signal }), {
        attempts: 5,
        baseMs: 1_000,
        isRetryable: (error) => isThrottled(error) || (isRead && isTransient(error)),
      }).catch((error: unknown) => {
        if (!context.signal.aborted || DeployError.is(error)) throw error;
        throw new DeployError({ code: "run.cancelled", message: "Cancelled.", cause: error });
      });
    },
  };
}

function required(env: Context["env"], name: string): string {
  const value = env[name];
  if (value) return value;
  throw new DeployError({
    code: "credentials.missing",
    message: `${name} is not set.`,
    hint: "Turn the API on at https://ap.www.namecheap.com/settings/tools/apiaccess/, and set NAMECHEAP_API_USER and NAMECHEAP_API_KEY.",
    docs,
  });
}

async function read(command: string, text: string): Promise<Element> {
  const { XMLParser } = await import("fast-xml-parser");
  // Entities of its own could make an answer as large as they like: Namecheap sends none.
  if (/<!DOCTYPE/i.test(text)) throw badAnswer(command);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseAttributeValue: false,
    parseTagValue: false,
    trimValues: false,
    htmlEntities: true,
    isArray: (name) => ["host", "Error", "Domain", "Nameserver"].includes(name),
  });
  let response: Element | undefined;
  try {
    response = elementOf((parser.parse(text, true) as Element).ApiResponse);
  } catch {
    throw badAnswer(command);
  }
  if (response?.Status === "OK") return elementOf(response.CommandResponse) ?? {};
  const [error] = elementsOf(elementOf(response?.Errors), "Error");
  if (error === undefined) throw badAnswer(command);
  throw refused(command, Number(error.Number), String(error["#text"] ?? "").trim());
}

/** A child as an element, where it is one. */
export function elementOf(value: unknown): Element | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === "object" && one !== null ? (one as Element) : undefined;
}

/** All children of a name. */
export function elementsOf(parent: Element | undefined, name: string): readonly Element[] {
  const value = parent?.[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((one) => elementOf(one) ?? { "#text": one });
}

/** What Namecheap's numbers mean ("API error codes"), and the official SDK's list of those that pass by themselves. */
function refused(command: string, number: number, said: string): DeployError {
  const make = (code: string, message: string, hint: string, retryable = false): DeployError =>
    new DeployError({ code, message, hint, retryable, docs, details: { command, number } });
  const quote = `${said} (${number})`;
  if (number === 1011150 || number === 1017150) {
    const address = /\d+\.\d+\.\d+\.\d+/.exec(said)?.[0];
    return make(
      "credentials.address-not-allowed",
      `Namecheap takes no calls from ${address ?? "this address"}: ${quote}.`,
      `Add ${address ?? "this machine's IPv4 address"} to the allowed addresses at https://ap.www.namecheap.com/settings/tools/apiaccess/, and set NAMECHEAP_CLIENT_IP to it.`,
    );
  }
  if (/^10[0-9]{5}$/.test(String(number))) {
    const hint =
      "Look at NAMECHEAP_API_USER and NAMECHEAP_API_KEY, and whether API access is on; the sandbox has accounts of its own.";
    return make("credentials.refused", `Namecheap does not accept these credentials: ${quote}.`, hint);
  }
  if ([2019166, 2016166, 3016166, 3019510].includes(number)) {
    const hint = "Look whether the domain is in this account, and has not expired.";
    return make("dns.no-zone", `Namecheap does not find the domain: ${quote}.`, hint);
  }
  if (number === 2030288) {
    const hint = "Point the domain to Namecheap BasicDNS, or declare the DNS provider that holds the zone.";
    return make("dns.not-served", `The domain is not served by Namecheap's name servers: ${quote}.`, hint);
  }
  if (number === 500000 || /too many requests/i.test(said)) return tooOften(command);
  if ([3050900, 5019169, 5050169, 5050900].includes(number)) {
    return make("dns.unavailable", `Namecheap could not do it: ${quote}.`, "Run the same again.", true);
  }
  return make("dns.refused", `Namecheap refused ${command}: ${quote}.`, "Nothing was changed by this call.");
}

function tooOften(command: string): DeployError {
  return new DeployError({
    code: "dns.throttled",
    message: `Namecheap asks to be called less often (${command}): 20 calls a minute, 700 an hour, 8,000 a day.`,
    hint: "Run the same again in some minutes; other tools with this account count as well.",
    retryable: true,
    details: { retryAfterMs: restMs },
  });
}

function badAnswer(command: string): DeployError {
  return new DeployError({
    code: "dns.bad-answer",
    message: `The answer of Namecheap to ${command} cannot be read.`,
    hint: "Look whether a proxy stands in between; else run the same again.",
    retryable: true,
  });
}
