import type { CloudflareDouble } from "../src/index.js";

/** What came back: status, headers, and the envelope. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly success: boolean;
    readonly errors: readonly { readonly code: number; readonly message: string }[];
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered.
    readonly result: any;
    readonly result_info?: Readonly<Record<string, number>>;
  };
}

/** Makes plain requests, so that a test can say what no client would. */
export function client(double: CloudflareDouble, token = "token-of-owner") {
  return async (method: string, path: string, body?: unknown): Promise<Answered> => {
    const response = await fetch(double.url + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Answered["body"],
    };
  };
}
