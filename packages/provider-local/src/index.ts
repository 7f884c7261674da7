/**
 * Deploy to this machine: processes, an embedded proxy, PostgreSQL and Redis; no account and no Docker.
 *
 * @module
 */
import { hostname, userInfo } from "node:os";
import type {
  Addons,
  Containers,
  Images,
  Ingress,
  Lease,
  Logs,
  Provider,
  Secrets,
  Servers,
} from "@deploy/core";
import { createAddons } from "./addons.js";
import { createContainers } from "./containers.js";
import { examine } from "./doctor.js";
import { createImages } from "./images.js";
import { createLease } from "./lease.js";
import { createLogs } from "./logs.js";
import { findOwned } from "./owned.js";
import { providerName, type Settings } from "./resources.js";
import { createSecrets } from "./secrets.js";
import { createServers } from "./servers.js";
import { createIngress } from "./traffic.js";

/** Options of {@link local}. */
export interface LocalOptions {
  /** Port of the proxy on 127.0.0.1. Default: `DEPLOY_PORT`, else 8080, or the next one that is free. */
  readonly port?: number;
  /** Starts the supervisor with the machine: a systemd user unit, or launchd. Default false. */
  readonly startAtBoot?: boolean;
}

/** What this machine offers: every element but DNS and certificates. */
export type LocalProvider = Provider & {
  readonly servers: Servers;
  readonly images: Images;
  readonly containers: Containers;
  readonly logs: Logs;
  readonly secrets: Secrets;
  readonly ingress: Ingress;
  readonly addons: Addons;
  readonly lease: Lease;
};

/** The provider for this machine, and the default of an environment that names none. */
export function local(options: LocalOptions = {}): LocalProvider {
  const fromEnvironment = process.env.DEPLOY_PORT === undefined ? undefined : Number(process.env.DEPLOY_PORT);
  const port = options.port ?? fromEnvironment;
  const settings: Settings = {
    startAtBoot: options.startAtBoot ?? false,
    ...(port === undefined ? {} : { port }),
  };
  return {
    spec: 1,
    name: providerName,
    credentials: {},
    limits: { concurrency: 32 },
    identity: async () => ({ account: hostname(), label: `${userInfo().username} on ${hostname()}` }),
    owned: (context, scope, owned) => findOwned(settings, context, scope, owned),
    doctor: (context) => examine(context),
    servers: createServers(settings),
    images: createImages(),
    containers: createContainers(settings),
    logs: createLogs(),
    secrets: createSecrets(),
    ingress: createIngress(settings),
    addons: createAddons(settings),
    lease: createLease(),
  };
}
