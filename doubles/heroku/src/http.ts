import type { Account } from "./state.js";

/** A request's JSON object. */
export type Body = Readonly<Record<string, unknown>>;

/** What a handler is given. */
export interface Call {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Body;
  /** Who asks; nobody where the route is open. */
  readonly account: Account;
}

/** What a handler answers: a JSON body and a status. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal as Heroku words it: `{id, message}` and a status. */
export interface Refusal {
  readonly refusal: true;
  readonly status: number;
  readonly id: string;
  readonly message: string;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** One route of one host. `{name}` in its path is a parameter. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
  /** A list that Range pages. */
  readonly list?: true;
  /** Costs no token of the rate limit. */
  readonly free?: true;
  /** The resource it answers, where the two forms of the schema differ in its fields. */
  readonly shows?: string;
  /** Needs no account. */
  readonly open?: true;
}

/** An answer with a status, 200 unless told. */
export function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, body, headers };
}

/** Throws a refusal; the server turns it into an answer. */
export function refuse(status: number, id: string, message: string, extra?: Record<string, unknown>): never {
  throw { refusal: true, status, id, message, ...(extra && { extra }) } satisfies Refusal;
}

/** Whether a thrown thing is a refusal. */
export function isRefusal(thrown: unknown): thrown is Refusal {
  return typeof thrown === "object" && thrown !== null && (thrown as { refusal?: unknown }).refusal === true;
}

/** Throws 422 `invalid_params`. */
export function invalid(message: string): never {
  refuse(422, "invalid_params", message);
}

/** Throws 404 in Heroku's words. */
export function notFound(what: string): never {
  refuse(404, "not_found", `Couldn't find that ${what}.`, { resource: what });
}

/** The text of a field, if it is text. */
export function text(body: Body, field: string): string | undefined {
  const value = body[field];
  return typeof value === "string" ? value : undefined;
}

/** The object in a field, or an empty one. */
export function part(body: Body, field: string): Body {
  const value = body[field];
  return typeof value === "object" && value !== null ? (value as Body) : {};
}

/** The objects in a field, or none. */
export function parts(body: Body, field: string): readonly Body[] {
  const value = body[field];
  return Array.isArray(value) ? (value as Body[]) : [];
}

/** A field which Heroku takes as a name, as an id, or as an object with one of them. */
export function identity(body: Body, field: string): string | undefined {
  const inner = part(body, field);
  return text(body, field) ?? text(inner, "id") ?? text(inner, "name");
}
