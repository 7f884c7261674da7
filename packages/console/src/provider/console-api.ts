import { type Context, DeployError, type Redacted, request, reveal } from "@deploy/core";

/** Where the console is, and who asks it. */
export interface ConsoleAddress {
  readonly url: string | undefined;
  readonly token: Redacted | undefined;
  readonly insecure: boolean;
}

/** Calls to a console. */
export interface ConsoleApi {
  /** Throws `console.no-url`, `console.bad-url`, `console.no-token`, and what core's `request` throws, as `console.…`. */
  get<T>(context: Context, path: string): Promise<T>;
  /** Sent once: whether it has worked is read again where no answer came. */
  post<T>(context: Context, path: string, body: object): Promise<T>;
  /** Sent again where no answer came; false: it was not there. */
  remove(context: Context, path: string): Promise<boolean>;
}

/** For one answer, milliseconds: a console may ask its providers first. */
const timeoutMs = 60_000;

/** A console by its HTTP API, with a token. */
export function createConsoleApi(address: ConsoleAddress): ConsoleApi {
  const call = (context: Context, method: string, path: string, body?: object): Promise<Response> => {
    const url = urlOf(address, context);
    const headers: Record<string, string> = {
      accept: "application/json",
      authorization: `Bearer ${tokenOf(address, context)}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const init = { method, headers, redirect: "error" as const };
    return request(
      context,
      new URL(path, url),
      body === undefined ? init : { ...init, body: JSON.stringify(body) },
      { code: "console", timeoutMs, ...(method === "POST" ? {} : { safe: true }) },
    );
  };
  return {
    get: async <T>(context: Context, path: string): Promise<T> =>
      (await (await call(context, "GET", path)).json()) as T,
    post: async <T>(context: Context, path: string, body: object): Promise<T> =>
      (await (await call(context, "POST", path, body)).json()) as T,
    remove: async (context, path) => {
      try {
        await (await call(context, "DELETE", path)).arrayBuffer();
        return true;
      } catch (error) {
        if (DeployError.is(error) && error.code === "console.not-found") return false;
        throw error;
      }
    },
  };
}

function urlOf({ url: given, insecure }: ConsoleAddress, { env }: Context): URL {
  const text = given ?? env.DEPLOY_CONSOLE_URL ?? "";
  if (text === "") {
    throw new DeployError({
      code: "console.no-url",
      message: "Nobody said where the console is.",
      hint: 'Write consoleAccess({ url: "https://console.example.org" }), or set DEPLOY_CONSOLE_URL.',
    });
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url !== undefined && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && (local || insecure));
  if (url !== undefined && safe && url.username === "" && url.password === "") return url;
  throw new DeployError({
    code: "console.bad-url",
    message: "The address of the console has to be an HTTPS one: a token goes there.",
    hint: "Write it like https://console.example.org; plain HTTP is for a console on this machine, or with insecure: true.",
  });
}

function tokenOf({ token }: ConsoleAddress, { env }: Context): string {
  const value = (token === undefined ? undefined : reveal(token)) ?? env.DEPLOY_CONSOLE_TOKEN ?? "";
  if (/^dpl_[\w-]{16,128}$/.test(value)) return value;
  throw new DeployError({
    code: "console.no-token",
    message:
      value === "" ? "There is no token for the console." : "What is set as the console's token is none.",
    hint: "Make one on your account page, with the role manager, and set DEPLOY_CONSOLE_TOKEN. It begins with dpl_.",
  });
}
