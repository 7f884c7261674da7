import { DeployError } from "@deploy/core";
import { ACTIONS, type Action } from "../../access/actions.js";
import type { AccessBook } from "../../access/book.js";
import { ROLES } from "../../access/rights.js";
import type { AuditRecord, Caller, Role } from "../../access/types.js";
import type { Route } from "../../http/route.js";
import { appsRoutes } from "../../http/routes/apps.js";
import { configRoutes } from "../../http/routes/config.js";
import { domainsRoutes } from "../../http/routes/domains.js";
import { processesRoutes } from "../../http/routes/processes.js";
import { releasesRoutes } from "../../http/routes/releases.js";
import type { Run, RunBook, RunEvent } from "../../runs/types.js";
import type { Services } from "../../services.js";
import { createAppStates } from "../states.js";
import type { AppRegistry, ConsoleEnvironment } from "../types.js";
import { createVendorAccess } from "../vendor-access.js";

import { openVendorLedger } from "../vendor-ledger.js";
import { testRegistry } from "./environments.js";

const routes: readonly Route[] = [
  ...appsRoutes,
  ...releasesRoutes,
  ...processesRoutes,
  ...configRoutes,
  ...domainsRoutes,
];

/** Role by app, `*` included, of each person by e-mail. */
export type TestGrants = Record<string, Record<string, Role>>;

/** What a test gets. */
export interface Rig {
  readonly services: Services;
  readonly grants: TestGrants;
  readonly audit: AuditRecord[];
  readonly runs: Map<string, { run: Run; events: RunEvent[] }>;
  /** As the router does: judged first, then handled. Throws what a handler throws. */
  call(
    person: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly body: unknown }>;
  caller(person: string): Caller;
  close(): Promise<void>;
}

/** The services of the console as far as these rooms need them, without a server. */
export async function rig(
  environments: readonly ConsoleEnvironment[],
  options: {
    readonly grants?: TestGrants;
    readonly directory?: string;
    readonly registry?: AppRegistry;
    readonly readTimeoutMs?: number;
  } = {},
): Promise<Rig> {
  const grants = options.grants ?? {};
  const audit: AuditRecord[] = [];
  const runs = new Map<string, { run: Run; events: RunEvent[] }>();
  const apps = options.registry ?? testRegistry(environments);
  const roleOf = (email: string, app: string): Role | undefined => {
    const own = grants[email] ?? {};
    const held = [own[app], own["*"]].filter((role) => role !== undefined);
    return ROLES.findLast((role) => held.includes(role));
  };
  const may = async (caller: Caller, action: Action, app?: string): Promise<boolean> => {
    if (caller.kind !== "person") return false;
    const rule = ACTIONS[action];
    if (rule.scope === "self" || rule.scope === "anybody") return true;
    const role = roleOf(caller.person.email, rule.scope === "everywhere" ? "*" : (app ?? "*"));
    return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(rule.role);
  };
  const access: Pick<AccessBook, "may" | "audit"> = {
    may,
    audit: async (record) => {
      audit.push(record);
    },
  };
  const states = createAppStates({
    apps,
    now: Date.now,
    tickMs: 0,
    ...(options.readTimeoutMs === undefined ? {} : { timeoutMs: options.readTimeoutMs }),
  });
  const vendorAccess = createVendorAccess({
    apps,
    people: {
      roleOf: async (email, app) => roleOf(email, app),
      peopleOf: async (app) =>
        Object.keys(grants).flatMap((email) => {
          const role = roleOf(email, app);
          return role === undefined ? [] : [{ email, role }];
        }),
    },
    ledger: await openVendorLedger(`${options.directory ?? "/nowhere"}/vendor-access.json`),
    audit: access.audit,
    now: Date.now,
    everyMs: 0,
  });
  const services = {
    apps,
    states,
    vendorAccess,
    access: access as AccessBook,
    runs: testRuns(runs),
    feed: {
      state: () => ({ state: "following" }),
      subscribe: () => () => undefined,
      onState: () => () => undefined,
      clean: (_key: unknown, _source: string, text: string) => text,
      ingest: async () => undefined,
      close: async () => undefined,
    },
    now: Date.now,
  } as Partial<Services> as Services;
  const caller = (email: string): Caller => ({
    kind: "person",
    person: { id: email, email, name: email, createdAt: 0, ways: [] },
    sessionId: "1",
  });
  return {
    services,
    grants,
    audit,
    runs,
    caller,
    call: async (person, method, path, body) => {
      const url = new URL(path, "http://console.test");
      for (const route of routes) {
        const params = matching(route, method, url.pathname);
        if (params === undefined || route.method === "SOCKET") continue;
        const who = caller(person);
        if (ACTIONS[route.action].scope === "app" && !(await may(who, route.action, params.app))) {
          const seen = await may(who, "app.read", params.app);
          throw new DeployError({ code: seen ? "console.forbidden" : "console.not-found", message: "No." });
        }
        const response = await route.handle({
          request: new Request(url, { method }),
          url,
          params,
          caller: who,
          address: "192.0.2.1",
          services,
          signal: new AbortController().signal,
          json: async () => body ?? {},
        });
        return { status: response.status, headers: response.headers, body: await response.json() };
      }
      throw new Error(`There is no route ${method} ${path}.`);
    },
    close: async () => {
      await states.close();
      await vendorAccess.close();
    },
  };
}

function matching(route: Route, method: string, path: string): Record<string, string> | undefined {
  if (route.method !== method) return undefined;
  const wanted = route.path.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = decodeURIComponent(given[index] ?? "");
    if (part.startsWith(":")) params[part.slice(1)] = value;
    else if (part !== value) return undefined;
  }
  return params;
}

function testRuns(runs: Map<string, { run: Run; events: RunEvent[] }>): RunBook {
  return {
    start: async (about) => {
      const run: Run = { ...about, id: `run-${runs.size + 1}`, startedAt: Date.now(), state: "running" };
      runs.set(run.id, { run, events: [] });
      return run;
    },
    append: async (id, events) => {
      runs.get(id)?.events.push(...events);
    },
    end: async (id, end) => {
      const kept = runs.get(id);
      if (kept !== undefined) kept.run = { ...kept.run, ...end, endedAt: Date.now() };
    },
    get: async (id) => runs.get(id)?.run,
    list: async (app, environment, limit) =>
      [...runs.values()]
        .map(({ run }) => run)
        .filter((run) => run.app === app && run.environment === environment)
        .reverse()
        .slice(0, limit),
    events: async (id) => runs.get(id)?.events ?? [],
    subscribe: () => () => undefined,
    close: async () => undefined,
  };
}
