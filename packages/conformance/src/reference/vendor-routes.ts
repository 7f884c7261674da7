import type { DnsRecordType } from "@deploy/core";
import { parseDatabaseUrl } from "./database-url.js";
import { runCommand } from "./shell.js";
import { releaseRoutes } from "./vendor-releases.js";
import { Refusal, type Route, scopeOf, type VendorRequest } from "./vendor-request.js";
import type { HeldDatabase, HeldScope, HeldThing } from "./vendor-state.js";

/** Records on one page of a zone: few, so that pages are needed. */
const pageSize = 10;

/** Everything the vendor answers to. */
export const routes: Readonly<Record<string, Route>> = {
  ...releaseRoutes,
  "GET account": () => ({ account: "reference" }),

  "GET scopes/things": (request) => [...scopeOf(request).things.values()],
  "PUT scopes/things": (request) => {
    const id = request.path[3] ?? "";
    const thing = { ...(request.body as unknown as HeldThing), id };
    scopeOf(request).things.set(id, thing);
    return thing;
  },
  "DELETE scopes/things": (request) => {
    const scope = scopeOf(request);
    const id = request.path[3] ?? "";
    if (!scope.things.delete(id)) throw new Refusal(404, "no such thing");
    scope.databases.delete(id.split("/").at(-1) ?? "");
  },

  "GET scopes/secrets": (request) =>
    [...scopeOf(request).secrets].map(([name, { values, setAt }]) => ({
      name,
      version: values.length,
      setAt,
    })),
  "PUT scopes/secrets": (request) => {
    const { secrets } = scopeOf(request);
    const name = request.path[3] ?? "";
    const value = String(request.body.value);
    const present = secrets.get(name);
    const values = present === undefined ? [] : present.values;
    if (values.at(-1) !== value) {
      values.push(value);
      secrets.set(name, { values, setAt: new Date().toISOString() });
    }
    return { name, version: values.length, setAt: secrets.get(name)?.setAt };
  },
  "DELETE scopes/secrets": (request) => {
    if (!scopeOf(request).secrets.delete(request.path[3] ?? "")) throw new Refusal(404, "no such secret");
  },
  "GET scopes/secret-value": (request) => {
    const found = scopeOf(request).secrets.get(request.path[3] ?? "");
    if (found === undefined) throw new Refusal(404, "no such secret");
    return { value: found.values.at(-1) };
  },

  "GET scopes/grants": (request) => Object.fromEntries(scopeOf(request).grants),
  "PUT scopes/grants": (request) => {
    scopeOf(request).grants.set(request.path[3] ?? "", String(request.body.role));
  },
  "DELETE scopes/grants": (request) => {
    if (!scopeOf(request).grants.delete(request.path[3] ?? "")) throw new Refusal(404, "no such grant");
  },
  "GET people": ({ state, path }) =>
    [...state.scopes].filter(([, { grants }]) => grants.has(path[1] ?? "")).map(([key]) => key),

  "GET scopes/lines": async (request) => {
    const scope = scopeOf(request);
    const after = Number(request.query.get("after") ?? 0);
    const until = Date.now() + Number(request.query.get("wait") ?? 0);
    const later = () => scope.lines.filter((line) => line.number > after);
    while (later().length === 0 && Date.now() < until && request.signal?.aborted !== true) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    request.signal?.throwIfAborted();
    return later().slice(0, 50);
  },
  "POST scopes/lines": (request) => {
    const { lines, serving } = scopeOf(request);
    for (const text of request.body.lines as string[]) {
      const number = ++request.state.numbers;
      const time = new Date().toISOString();
      lines.push({ number, time, process: "web", release: serving?.release ?? 0, text });
    }
  },

  "POST scopes/runs": (request) => {
    const scope = scopeOf(request);
    if (scope.serving === undefined) throw new Refusal(409, "nothing is deployed here");
    return runCommand(request.state, scope, request.body);
  },

  "PUT scopes/lock": (request) => {
    const scope = scopeOf(request);
    if (scope.lock === undefined) scope.lock = request.body as unknown as NonNullable<HeldScope["lock"]>;
    return scope.lock;
  },
  "GET scopes/lock": (request) => scopeOf(request).lock ?? null,
  "DELETE scopes/lock": (request) => {
    const scope = scopeOf(request);
    const id = request.query.get("id");
    if (id === null || scope.lock?.id === id) scope.lock = undefined;
  },

  "PUT scopes/databases": (request) => {
    const { databases } = scopeOf(request);
    const name = request.path[3] ?? "";
    if (!databases.has(name)) databases.set(name, { text: undefined, backups: [] });
  },
  "GET scopes/databases": (request) =>
    [...scopeOf(request).databases].map(([name, { backups }]) => ({
      name,
      backups: backups.map(withoutText),
    })),
  "POST scopes/backups": (request) => {
    const database = databaseIn(request);
    const number = ++request.state.numbers;
    const backup = { id: `b${number}`, createdAt: new Date().toISOString(), text: database.text };
    database.backups.push(backup);
    return withoutText(backup);
  },
  "PUT scopes/backups": (request) => {
    const database = databaseIn(request);
    const backup = database.backups.find((one) => one.id === request.body.backup);
    if (backup === undefined) throw new Refusal(404, "no such backup");
    database.text = backup.text;
  },

  "GET images": ({ state, path, query }) => {
    const app = path[1] ?? "";
    const held = [...(state.images.get(app) ?? [])];
    // Images belong to an app: those that another environment of it may still run are in use.
    const others = [...state.scopes].filter(
      ([key]) => key.startsWith(`${app}/`) && key !== query.get("except"),
    );
    const used = new Set(others.flatMap(([, { releases }]) => releases.map(({ image }) => image.digest)));
    return { held, unused: held.filter((digest) => !used.has(digest)) };
  },
  "PUT images": ({ state, path, body }) => {
    const app = path[1] ?? "";
    state.images.set(app, new Set([...(state.images.get(app) ?? []), String(body.digest)]));
  },
  "DELETE images": ({ state, path, query }) => {
    if (state.images.get(path[1] ?? "")?.delete(query.get("digest") ?? "") !== true) {
      throw new Refusal(404, "no such image");
    }
  },

  "GET zones": ({ state, path, query }) => {
    if (path[1] === undefined || path[1] === "") return [...state.zones.keys()];
    const records = state.zones.get(path[1]);
    if (records === undefined) throw new Refusal(404, "no such zone");
    const page = Number(query.get("page") ?? 1);
    const more = records.length > page * pageSize;
    return { records: records.slice((page - 1) * pageSize, page * pageSize), more };
  },
  "POST zones": ({ state, path, body }) => {
    const records = state.zones.get(path[1] ?? "");
    if (records === undefined) throw new Refusal(404, "no such zone");
    const remove = new Set(body.remove as number[]);
    const kept = records.filter((record) => !remove.has(record.id));
    const added = (body.add as { name: string; type: DnsRecordType; content: string; ttl: number }[]).map(
      (record) => ({ comment: null, ...record, id: ++state.numbers }),
    );
    state.zones.set(path[1] ?? "", [...kept, ...added]);
  },
};

function withoutText(backup: HeldDatabase["backups"][number]): {
  id: string;
  createdAt: string;
  bytes: number;
} {
  const { id, createdAt, text } = backup;
  return { id, createdAt, bytes: text?.length ?? 0 };
}

function databaseIn(request: VendorRequest): HeldDatabase {
  const found = scopeOf(request).databases.get(request.path[3] ?? "");
  if (found === undefined) throw new Refusal(404, "no such database");
  return found;
}

/** The database that a URL leads to, as a client of it would find it. */
export function databaseAt(state: VendorRequest["state"], url: string): HeldDatabase | undefined {
  const { scope, name } = parseDatabaseUrl(url);
  return state.scopes.get(scope)?.databases.get(name);
}
