import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type App,
  type AppInput,
  createDeployer,
  type Deployer,
  type DnsProvider,
  defineApp,
  type EnvironmentInput,
  type ObservedRecordSet,
  systemClock,
} from "@deploy/core";
import { afterAll } from "vitest";
import declared from "../deploy.config.js";

/*
 * A copy of what the image is built from: a log or a test that is written into the example meanwhile would be another
 * source than the one that was planned.
 */
const directory = mkdtempSync(join(tmpdir(), "deploy-domains-source-"));
for (const file of ["Dockerfile", "server.mjs"])
  cpSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), join(directory, file));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the example declares, with its environments by name. */
const { environments = {}, ...input }: AppInput = withoutMark(declared);

function withoutMark<Declared extends object>(app: Declared): Omit<Declared, "deploy.app"> {
  const { "deploy.app": _mark, ...rest } = app as Declared & { "deploy.app"?: unknown };
  return rest;
}

/** What a test has instead of the vendors that the example names: their addresses here. */
export type Here = Partial<EnvironmentInput>;

/** The example's app with one of its environments, whose vendors are found here. */
function exampleApp(name: string, here: Here): App {
  const environment = environments[name];
  if (environment === undefined) throw new Error(`the example has no environment ${name}`);
  return defineApp({ ...input, environments: { [name]: { ...environment, ...here } } });
}

/** A deployer of it. */
export function exampleDeployer(
  name: string,
  here: Here,
  env: Readonly<Record<string, string | undefined>>,
  now: () => number = () => systemClock.now(),
): Deployer {
  return createDeployer(exampleApp(name, here), {
    environment: name,
    directory,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    // Whoever waits for a vendor need not wait as long here.
    clock: {
      now,
      sleep: (milliseconds, signal) =>
        systemClock.sleep(milliseconds >= 30_000 ? milliseconds : Math.min(milliseconds, 200), signal),
    },
  });
}

/** What a DNS vendor lists of a zone, in one order. */
export async function listed(
  dns: DnsProvider,
  zone: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly ObservedRecordSet[]> {
  const sets = await dns.dns.list(
    {
      signal: new AbortController().signal,
      env,
      fetch,
      clock: systemClock,
      log: () => undefined,
      output: () => undefined,
      directory: "/",
      shared: (_key, load) => load(),
    },
    zone,
  );
  const place = ({ name, type }: ObservedRecordSet): string => `${name} ${type}`;
  return sets.toSorted((one, other) => (place(one) < place(other) ? -1 : 1));
}

/** A listing in lines: what leads where, without last dots, and whose it is. */
export function lines(sets: readonly ObservedRecordSet[]): readonly string[] {
  return sets.map(
    ({ name, type, values, marker }) =>
      `${name} ${type} ${values.map((value) => value.replace(/\.$/, "")).join(", ")}${marker === undefined ? "" : " (ours)"}`,
  );
}
