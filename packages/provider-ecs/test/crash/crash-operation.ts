import { join } from "node:path";
import { type ClientEnd, type CrashReport, crashEveryPoint, runClient } from "@deploy/conformance";
import { build } from "esbuild";
import { foreignOf, plantForeign } from "../support/foreign.js";
import { joinAsAgents } from "../support/ground.js";
import { type Picture, pictureOf } from "../support/picture.js";
import type { Vendor } from "../support/use-vendor.js";

/** The modes of the sample app, and the cluster that each has. */
export const clusters = {
  fargate: "deploy-production",
  ec2: "deploy-production-ec2",
  instance: "deploy-production-instance",
} as const;

/** What is killed. */
export type Operation = "up" | "redeploy" | "down";

/** Words of the client for each operation, and what has to be there before it. */
const operations: Readonly<
  Record<Operation, { readonly words: readonly string[]; readonly before: readonly (readonly string[])[] }>
> = {
  up: { words: ["up", "one"], before: [] },
  redeploy: { words: ["up", "two"], before: [["up", "one"]] },
  down: { words: ["down"], before: [["up", "one"]] },
};

/** How one operation is tried. */
export interface CrashOperation {
  readonly mode: keyof typeof clusters;
  readonly operation: Operation;
  readonly vendor: Vendor;
  /** As {@link buildClient} has made it. */
  readonly client: string;
  /** Where the client runs. */
  readonly directory: string;
  /** Default: every point. */
  readonly sample?: { readonly count: number; readonly seed: number };
  readonly progress?: (line: string) => void;
}

/**
 * Kills an operation on the sample app at its mutating calls, beside things of somebody else's with names like its own, and
 * runs it again each time.
 */
export async function crashOperation({
  mode,
  operation,
  vendor,
  client,
  directory,
  sample,
  progress,
}: CrashOperation): Promise<CrashReport> {
  const { proxy, emulator } = vendor;
  const { words, before } = operations[operation];
  const run = (wanted: readonly string[], endpoint: URL, killed?: AbortSignal): Promise<ClientEnd> =>
    runClient([process.execPath, client, ...wanted], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        ...vendor.env,
        AWS_ENDPOINT_URL: endpoint.href.replace(/\/$/, ""),
        DEPLOY_CRASH_MODE: mode,
      },
      ...(killed === undefined ? {} : { killed }),
    });
  const agents = mode === "fargate" ? undefined : joinAsAgents(vendor, clusters[mode]);
  try {
    return await crashEveryPoint<Picture>({
      proxy: proxy.faults,
      start: (endpoint, killed) => run(words, endpoint as URL, killed),
      observe: () => pictureOf(emulator.url),
      observeForeign: () => foreignOf(emulator.url),
      async reset() {
        await vendor.reset();
        await plantForeign(emulator.url);
        for (const one of before) {
          const { code, output } = await run(one, proxy.url);
          if (code !== 0) throw new Error(output);
        }
      },
      // Who holds the lock is another process in every run; that nobody does any more is seen by its absence.
      label: proxy.label,
      ...(sample === undefined ? {} : { sample }),
      ...(progress === undefined ? {} : { progress }),
    });
  } finally {
    await agents?.stop();
  }
}

/** Bundles the client into a directory, so that it starts as fast as the installed command; returns its path. */
export async function buildClient(directory: string): Promise<string> {
  const packages = new URL("../../../", import.meta.url).pathname;
  const outfile = join(directory, "client.mjs");
  await build({
    entryPoints: [join(packages, "provider-ecs/test/crash/client.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    logLevel: "error",
    alias: { "@deploy/core": join(packages, "core/src/index.ts") },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  return outfile;
}
