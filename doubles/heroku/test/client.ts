import type { HerokuDouble } from "../src/index.js";

/** What came back. */
export interface Response {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A client as plain as can be. */
export interface TestClient {
  get(path: string, variant?: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, variant?: string): Promise<Response>;
  patch(path: string, body: unknown, variant?: string): Promise<Response>;
  put(path: string, body: unknown): Promise<Response>;
  delete(path: string): Promise<Response>;
}

/** A client which speaks with one token. */
export function client(double: HerokuDouble, token: string): TestClient {
  async function call(
    method: string,
    path: string,
    body?: unknown,
    variant = "3",
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const answered = await fetch(double.url + path, {
      method,
      headers: {
        accept: `application/vnd.heroku+json; version=${variant}`,
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answered.text();
    return {
      status: answered.status,
      headers: answered.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
  }
  return {
    get: (path, variant, headers) => call("GET", path, undefined, variant, headers),
    post: (path, body, variant) => call("POST", path, body, variant),
    patch: (path, body, variant) => call("PATCH", path, body, variant),
    put: (path, body) => call("PUT", path, body),
    delete: (path) => call("DELETE", path),
  };
}
