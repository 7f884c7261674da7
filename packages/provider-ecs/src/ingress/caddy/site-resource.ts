import { createHash } from "node:crypto";
import {
  type AnyResource,
  type Context,
  DeployError,
  type FieldChange,
  output,
  type Resource,
  type Route,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { idOf, shortHash } from "../../names.js";
import type { Parts } from "../../parts.js";
import { alone, ecsResource } from "../../resources.js";
import { discoveryName } from "../discovery.js";
import { doorPorts } from "../ports.js";
import {
  type PlacedSite,
  placedSite,
  portsOfOthers,
  siteInstances,
  siteKey,
  siteValue,
} from "./instance-tags.js";
import { runApply } from "./run-apply.js";
import { exitCodes } from "./scripts.js";
import { type Site, siteFile } from "./site.js";
import { caddyTask, proxyService } from "./tasks.js";

/** What Caddy should serve for an app, on which instance. */
export interface SiteDesired {
  readonly instance: string;
  readonly hash: string;
}

/** What was put in place. */
export interface SiteObserved extends SiteDesired {
  readonly ports: readonly number[];
}

/** Seconds that a request is held while no instance answers: as long as a name needs to change at the most. */
const holdSeconds = 60;

/**
 * Everything that Caddy serves for one app: its hosts, and a port of the address for each public process. It is put in
 * place by a task on the instance, and a tag of the instance says so.
 */
export function siteResource(
  parts: Parts,
  scope: Scope,
  content: { readonly routes: readonly Route[]; readonly processes: readonly string[] },
  after: readonly AnyResource[],
): Resource<SiteDesired, SiteObserved> {
  const { instance } = parts.foundation(scope);
  if (instance === undefined) throw new Error("no instance to put a site on");
  const key = siteKey(scope);
  const siteWith = (ports: readonly number[]): Site => siteOf(parts, scope, content, ports);
  // With ports that stand for all: which they are is found out on the instance.
  const hash = shortHash(siteFile(siteWith(content.processes.map((_, index) => index + 1))), 16);

  const place = async (context: Context, desired: SiteDesired): Promise<SiteObserved> => {
    const all = await siteInstances(parts, alone(context), scope);
    const found = all.find(({ instanceId }) => instanceId === desired.instance);
    if (found === undefined) throw goneInstance();
    const taken = new Set(portsOfOthers(found.tags, key));
    for (let attempt = 1; ; attempt += 1) {
      const ports = choosePorts(scope, content.processes, taken, placedSite(found.tags, key));
      const code = await runApply(parts, context, scope, { text: siteFile(siteWith(ports)), ports });
      if (code === exitCodes.done) {
        await tagInstance(parts, context, desired.instance, key, { hash, ports });
        return { ...desired, ports };
      }
      if (code !== exitCodes.portTaken || attempt === 5) throw failedSite(code);
      // Another app was placed since the tags were read: the file of its site says which port it has.
      taken.add(ports.find((port) => !taken.has(port) && port === 80) ?? ports[0]!);
    }
  };

  return ecsResource<SiteDesired, SiteObserved>("ingress", {
    id: siteId(parts, scope),
    label:
      content.routes.length === 0 ? "site" : `site of ${content.routes.map(({ host }) => host).join(", ")}`,
    desired: { instance: output(instance, ({ instanceId }) => instanceId), hash },
    after: [proxyService(parts, scope), caddyTask(parts, scope, "apply"), ...after] as readonly AnyResource[],
    async read(context) {
      const [found] = await siteInstances(parts, context, scope);
      const placed = found && placedSite(found.tags, key);
      if (found === undefined || placed === undefined) return undefined;
      return { instance: found.instanceId, hash: placed.hash, ports: placed.ports };
    },
    diff(late, observed) {
      const { instance: wanted, hash: text } = late as { instance: string | typeof UNKNOWN; hash: string };
      const changes: FieldChange[] = [];
      if (text !== observed.hash) changes.push({ path: "hosts", from: observed.hash, to: text });
      if (wanted === UNKNOWN) changes.push({ path: "instance", from: observed.instance, unknown: true });
      else if (wanted !== observed.instance) {
        changes.push({ path: "instance", from: observed.instance, to: wanted });
      }
      return changes;
    },
    create: place,
    update: place,
  });
}

/** The id of an app's site. */
export function siteId(parts: Parts, scope: Scope): string {
  return idOf(parts.settings, "ingress", scope, "site");
}

/** What an app's site consists of. */
function siteOf(
  { settings }: Parts,
  scope: Scope,
  { routes, processes }: { readonly routes: readonly Route[]; readonly processes: readonly string[] },
  ports: readonly number[],
): Site {
  const backend = (process: string): { srv: string } => ({ srv: discoveryName(settings, scope, process) });
  return {
    owner: `${scope.app}/${scope.environment}`,
    hosts: routes.map((route) =>
      "process" in route ? { host: route.host, backend: backend(route.process) } : route,
    ),
    doors: processes.flatMap((process, index) => {
      const port = ports[index];
      return port === undefined ? [] : [{ port, backend: backend(process) }];
    }),
    holdSeconds,
  };
}

/** Ports that are kept where they are; else 80 for the first process if it is free, else one by hash. */
export function choosePorts(
  scope: Scope,
  processes: readonly string[],
  takenByOthers: ReadonlySet<number>,
  placed: PlacedSite | undefined,
): readonly number[] {
  const taken = new Set(takenByOthers);
  return processes.map((process, index) => {
    const kept = placed?.ports[index];
    const wanted = [
      ...(kept === undefined ? [] : [kept]),
      ...(index === 0 ? [80] : []),
      ...byHash(scope, process),
    ];
    const port = wanted.find((one) => !taken.has(one)) ?? wanted[0]!;
    taken.add(port);
    return port;
  });
}

function byHash(scope: Scope, process: string): number[] {
  const count = doorPorts.last - doorPorts.first + 1;
  const digest = createHash("sha256").update(`${scope.app}/${scope.environment}/${process}`).digest();
  const start = digest.readUInt32BE(0) % count;
  return Array.from({ length: count }, (_, step) => doorPorts.first + ((start + step) % count));
}

async function tagInstance(
  { clients }: Parts,
  context: Context,
  instanceId: string,
  key: string,
  site: PlacedSite,
): Promise<void> {
  const Tags = [{ Key: key, Value: siteValue(site) }];
  await clients.send(context, "ec2", "CreateTags", { Resources: [instanceId], Tags }, { repeatable: true });
}

function failedSite(code: number): DeployError {
  const reasons: Readonly<Record<number, string>> = {
    [exitCodes.portTaken]: "other apps have the ports that it would have",
    [exitCodes.refused]: "Caddy refuses the configuration; what was there before is in place again",
    [exitCodes.notRunning]: "Caddy does not run on the instance; what was there before is in place again",
  };
  return new DeployError({
    code: "ingress.site-failed",
    message: `The proxy did not take over this app's hosts: ${reasons[code] ?? `its task ended with ${code}`}.`,
    hint:
      code === exitCodes.notRunning
        ? "Look at the service of the proxy in the ECS console (events); then run again."
        : "Run again; if it stays so, report the domains of this environment.",
    details: { exitCode: code },
  });
}

function goneInstance(): DeployError {
  return new DeployError({
    code: "ingress.no-instance",
    message: "The instance is gone, or another one has taken its place since the plan was made.",
    hint: "Run again: a new plan shows what is there.",
    retryable: true,
  });
}
