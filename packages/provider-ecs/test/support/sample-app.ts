import { type App, createDeployer, type Deployer, defineApp, type Redacted, redact } from "@deploy/core";
import { type Capacity, ecs } from "../../src/index.js";
import { fixedImage } from "./fixed-image.js";

/** What the sample app is like. */
export interface SampleOptions {
  readonly capacity?: Capacity;
  /** Another version is another image. Default `one`. */
  readonly version?: string;
  /** Runs before each release. Default: nothing. */
  readonly release?: string;
  /** More environment for the deployer; endpoint and credentials come from the vendor. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default `shop`. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** An app with a public and an internal process, a worker and a secret; its image is there already. */
function sampleApp({ capacity, version = "one", release, name = "shop" }: SampleOptions): App {
  return defineApp({
    name,
    build: { dockerfile: "Dockerfile" },
    processes: {
      web: { command: "node web.js", health: "/healthz" },
      api: { command: "node api.js", internal: true },
      worker: { command: "node worker.js" },
    },
    ...(release === undefined ? {} : { release }),
    secrets: ["SECRET_KEY"],
    environments: {
      production: {
        target: ecs({
          region: "us-east-1",
          // An emulator knows a new role at once; ten seconds for each run are what all the rest together takes.
          roleRestSeconds: 0,
          ...(capacity === undefined ? {} : { capacity }),
        }),
        images: fixedImage(version),
      },
    },
  });
}

/** A deployer of the sample app. */
export function sampleDeployer(options: SampleOptions): Deployer {
  return createDeployer(sampleApp(options), {
    environment: "production",
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

/** The sample app's secret, as `up` wants it. */
export const sampleSecrets: Readonly<Record<string, Redacted<string>>> = {
  SECRET_KEY: redact("s3cret-Wq8x3Jr5"),
};
