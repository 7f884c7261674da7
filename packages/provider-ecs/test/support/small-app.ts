import {
  type AppInput,
  type Clock,
  createDeployer,
  DeployError,
  type Deployer,
  defineApp,
  type EnvironmentInput,
  systemClock,
} from "@deploy/core";
import { type EcsOptions, ecs } from "../../src/index.js";
import type { AwsCall } from "./aws-proxy.js";
import { fixedImage } from "./fixed-image.js";

/** What a small app is like. */
export interface SmallApp {
  /** Default `shop`. */
  readonly name?: string;
  /** Another version is another image, and so another release. Default `one`. */
  readonly version?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options?: Partial<EcsOptions>;
  readonly app?: Partial<AppInput>;
  readonly environment?: Partial<EnvironmentInput>;
}

/** Pauses between looks and tries are short, as nothing at an emulator takes time; limits for an answer stay what they are. */
export const briskClock: Clock = {
  now: () => systemClock.now(),
  sleep: (milliseconds, signal) =>
    systemClock.sleep(milliseconds >= 10_000 ? milliseconds : Math.min(milliseconds, 20), signal),
};

/** A deployer of an app with one public process, whose image is there already. */
export function smallDeployer({
  name = "shop",
  version = "one",
  env,
  options,
  app,
  environment,
}: SmallApp): Deployer {
  const declared = defineApp({
    name,
    build: { dockerfile: "Dockerfile" },
    processes: { web: { command: "node web.js", health: "/healthz" } },
    ...app,
    environments: {
      production: {
        target: ecs({ region: "us-east-1", roleRestSeconds: 0, ...options }),
        images: fixedImage(version),
        ...environment,
      },
    },
  } as AppInput);
  return createDeployer(declared, {
    environment: "production",
    env: { PATH: process.env.PATH, ...env },
    clock: briskClock,
  });
}

/** The error that something ends in; one that is not ours fails the test. */
export async function errorOf(work: PromiseLike<unknown>): Promise<DeployError> {
  const outcome: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (outcome === undefined) throw new Error("it succeeded");
  if (!DeployError.is(outcome)) throw outcome;
  return outcome;
}

/** The calls that change something, the deploy lock aside, which is taken and given back around everything. */
export function changesAmong(calls: readonly AwsCall[]): readonly string[] {
  return calls
    .filter(({ mutation, input }) => mutation && !String(input.Name).startsWith("/deploy-locks/"))
    .map(({ service, operation }) => `${service}:${operation}`);
}
