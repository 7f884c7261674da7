import type { DeployError } from "@deploy/core";
import { refusal } from "../../access/errors.js";
import type { ConsoleEnvironment } from "../../apps/types.js";
import type { RouteRequest } from "../route.js";

/**
 * The environment that a path names; found from the app that the caller was judged by.
 *
 * @throws `console.not-found`
 */
export function environmentOf({
  params,
  services,
}: Pick<RouteRequest, "params" | "services">): ConsoleEnvironment {
  const { app = "", environment = "" } = params;
  const found = services.apps.find(app, environment);
  if (found !== undefined) return found;
  throw notFound(`There is no environment "${environment}" of ${app} here.`);
}

/** Something that is not there. */
export function notFound(message: string): DeployError {
  return refusal({
    status: 404,
    code: "console.not-found",
    message,
    hint: "Look at the overview for what there is.",
  });
}

/** A body that is no use. */
export function badRequest(message: string): DeployError {
  return refusal({ status: 400, code: "console.bad-request", message, hint: "Correct the request." });
}

/**
 * The body as an object with no other members than `names`; nothing at all is an empty one.
 *
 * @throws `console.bad-request`
 */
export async function fieldsOf<Name extends string>(
  request: RouteRequest,
  names: readonly Name[],
): Promise<Partial<Record<Name, unknown>>> {
  const body = await request.json();
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest("The body has to be a JSON object.");
  }
  const unknown = Object.keys(body).find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw badRequest(`The body has a member that is not known: ${JSON.stringify(unknown)}.`);
  return body as Partial<Record<Name, unknown>>;
}

/**
 * Text of a reasonable length, or nothing.
 *
 * @throws `console.bad-request`
 */
export function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value.length <= 320) return value;
  throw badRequest(`"${name}" has to be text of at most 320 characters.`);
}
