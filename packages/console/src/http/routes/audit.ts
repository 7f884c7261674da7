import type { AuditPage } from "../../shared/access-types.js";
import type { Route, RouteRequest } from "../route.js";
import { badRequest } from "./environment-of.js";

/** Entries in one answer, unless less is asked for. */
const mostEntries = 500;

/** What was done here, by whom. */
export const auditRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/audit",
    action: "audit.read-all",
    handle: (request) => page(request),
  },
  {
    method: "GET",
    path: "/api/audit/verify",
    action: "audit.read-all",
    handle: async ({ services }) => Response.json(await services.access.verifyAudit()),
  },
  {
    method: "GET",
    path: "/api/apps/:app/audit",
    action: "audit.read",
    handle: (request) => page(request, request.params.app),
  },
];

async function page({ services, url }: RouteRequest, app?: string): Promise<Response> {
  const before = number(url, "before", Number.MAX_SAFE_INTEGER);
  const limit = number(url, "limit", mostEntries) ?? 100;
  const found = await services.access.auditLog({
    limit: limit + 1,
    ...(app === undefined ? {} : { app }),
    ...(before === undefined ? {} : { before }),
  });
  const answer: AuditPage = { entries: found.slice(0, limit), hasOlder: found.length > limit };
  return Response.json(answer);
}

function number(url: URL, name: string, most: number): number | undefined {
  const text = url.searchParams.get(name);
  if (text === null) return undefined;
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw badRequest(`"${name}" has to be a number from 1 to ${most}.`);
}
