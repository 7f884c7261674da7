import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { DeployError } from "@deploy/core";
import { readJson, writeJson } from "./files.js";
import { allLayouts, type Layout } from "./layout.js";
import { exclusively } from "./locks.js";
import { identify, type ProcessIdentity } from "./processes.js";
import type { AddonId, AddonKind, AddonRequest } from "./types.js";

/** What was decided about an add-on, kept in `addon.json`. */
export interface AddonRecord extends AddonId {
  readonly schema: 1;
  readonly kind: AddonKind;
  readonly port: number;
  /** True once the add-on has accepted a connection: from then on its port is promised to the app. */
  readonly ready: boolean;
  /** Full version of the server, when it last became ready. */
  readonly version?: string;
}

/** The generated passwords of an add-on, kept in `credentials.json`. */
export interface Credentials {
  /** For the app. */
  readonly app: string;
  /** For Deploy itself: the superuser of Postgres; not used by Redis. */
  readonly admin: string;
}

const firstPort = 20_000;
// Below 32768, where Linux begins to hand out ports to outgoing connections.
const portCount = 10_000;

/** Whether nobody listens on the port of 127.0.0.1 right now. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function freePort(home: string): Promise<number> {
  const records = await Promise.all((await allLayouts(home)).map((layout) => readRecord(layout)));
  const taken = new Set(records.map((record) => record?.port));
  const start = randomBytes(2).readUInt16BE();
  for (let step = 0; step < portCount; step++) {
    const port = firstPort + ((start + step) % portCount);
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new DeployError({
    code: "addons.no-free-port",
    message: `No port between ${firstPort} and ${firstPort + portCount - 1} is free on 127.0.0.1.`,
    hint: "Remove add-ons that are not needed any more.",
  });
}

/** Reads `addon.json`; `undefined` before it was first written. */
export function readRecord(layout: Layout): Promise<AddonRecord | undefined> {
  return readJson<AddonRecord>(layout.record);
}

/** Writes `addon.json`. */
export function writeRecord(layout: Layout, record: AddonRecord): Promise<void> {
  return writeJson(layout.record, record, 0o600);
}

/**
 * The record of the add-on, made with a port of its own when there is none.
 *
 * A port that somebody took before the add-on was ever ready is replaced. Error: `addons.kind-changed`.
 */
export async function ensureRecord(
  home: string,
  layout: Layout,
  request: AddonRequest,
  running: boolean,
): Promise<AddonRecord> {
  return exclusively("ports", async () => {
    const { app, environment, name, kind } = request;
    const found = await readRecord(layout);
    if (found !== undefined && found.kind !== kind) {
      throw new DeployError({
        code: "addons.kind-changed",
        message: `The add-on ${name} of ${app} (${environment}) is ${found.kind}, and cannot become ${kind}.`,
        hint: `Give the ${kind} add-on another name, or remove the ${found.kind} one first.`,
      });
    }
    if (found !== undefined && (found.ready || running || (await isPortFree(found.port)))) return found;
    const record: AddonRecord = {
      schema: 1,
      app,
      environment,
      name,
      kind,
      port: await freePort(home),
      ready: false,
    };
    await writeRecord(layout, record);
    return record;
  });
}

/** The error for a promised port on which another program listens. */
export function portTaken(record: AddonRecord): DeployError {
  return new DeployError({
    code: "addons.port-taken",
    message: `Port ${record.port} of the add-on ${record.name} of ${record.app} is in use by another program.`,
    hint: `Stop what listens on 127.0.0.1:${record.port}; running releases have this port in their configuration.`,
  });
}

/** The add-on's passwords, 32 random bytes each, made when there are none; written before anything uses them. */
export async function ensureCredentials(layout: Layout): Promise<Credentials> {
  const found = await readJson<Credentials>(layout.credentials);
  if (found !== undefined) return found;
  const secret = (): string => randomBytes(32).toString("base64url");
  const credentials: Credentials = { app: secret(), admin: secret() };
  await writeJson(layout.credentials, credentials, 0o600);
  return credentials;
}

/** Notes which process serves the add-on. */
export async function writeProcess(layout: Layout, identity: ProcessIdentity): Promise<void> {
  await writeJson(layout.process, { pid: identity.pid, startTime: identity.startTime });
}

/** The process that was noted, if that very process still lives: a reused number is not it. */
export async function readProcess(layout: Layout): Promise<ProcessIdentity | undefined> {
  const noted = await readJson<{ pid: number; startTime: string }>(layout.process).catch(() => undefined);
  if (noted === undefined) return undefined;
  const now = await identify(noted.pid);
  return now?.startTime === noted.startTime ? now : undefined;
}
