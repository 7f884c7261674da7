import type { ResolvedAddon, Scope } from "@deploy/core";
import { appOf, type Surroundings } from "../surroundings.js";

/** A kind of add-on as Heroku offers it. */
export interface HerokuKind {
  readonly service: string;
  /** The smallest plan that is kept without a time limit (heroku.com/pricing, 2026-07-17). */
  readonly plan: string;
  /** What Heroku calls it. */
  readonly title: string;
}

/** Kinds with their services: Essential-0 is 5 USD a month (1 GB), Mini 3 USD (25 MB, not kept on disk). */
export const kinds: Readonly<Record<string, HerokuKind>> = {
  postgres: { service: "heroku-postgresql", plan: "essential-0", title: "Heroku Postgres" },
  redis: { service: "heroku-redis", plan: "mini", title: "Heroku Key-Value Store" },
};

/** Service and plan of an add-on as Heroku wants them, `heroku-postgresql:essential-0`; a plan may name its service. */
export function planOf(addon: Pick<ResolvedAddon, "kind" | "plan">): string {
  const { service, plan } = kinds[addon.kind] ?? { service: addon.kind, plan: "" };
  const asked = addon.plan ?? plan;
  return asked.includes(":") || asked === "" ? asked || service : `${service}:${asked}`;
}

/** The kind of a service, or the service's own name. */
export function kindOf(service: string): string {
  return Object.entries(kinds).find(([, kind]) => kind.service === service)?.[0] ?? service;
}

/**
 * The name of an add-on at Heroku, known before it exists: the app's name, which nobody else has, and the add-on's.
 *
 * Names of add-ons are unique among all of Heroku: that is why a lost answer never buys a second one.
 */
export function addonNameOf(own: Pick<Surroundings, "options">, scope: Scope, name: string): string {
  return `${appOf(own, scope)}-${name}`;
}

/** The attachment which sets a variable: `DATABASE` for `DATABASE_URL`; undefined for what no attachment sets. */
export function aliasOf(variable: string): string | undefined {
  return /^([A-Z][A-Z0-9_]*)_URL$/.exec(variable)?.[1];
}
