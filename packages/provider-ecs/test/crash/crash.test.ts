import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashEveryPoint, describeReport, runClient } from "@deploy/conformance";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { has } from "../support/needs.js";
import { type Picture, pictureOf } from "../support/picture.js";
import { useVendor } from "../support/use-vendor.js";

/*
 * Kill -9 before and after mutating calls of up, redeploy and down, on moto; then the same again, and what is there must be
 * what an undisturbed run leaves. A sample by its seed; all points with DEPLOY_CRASH_ALL=1, as `npm run crash` does.
 */

const hasPython = await has("python");
const seed = Number(process.env.DEPLOY_CRASH_SEED ?? 1);
const isWhole = process.env.DEPLOY_CRASH_ALL === "1";
const modes = isWhole ? (["fargate"] as const) : (["fargate", "ec2", "instance"] as const);

describe.skipIf(!hasPython).each(modes)("a killed run on %s is finished by running it again", (mode) => {
  const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });
  let directory: string;
  let client: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-ecs-crash-"));
    client = join(directory, "client.mjs");
    const root = new URL("../../../", import.meta.url).pathname;
    await build({
      entryPoints: [join(root, "provider-ecs/test/crash/client.ts")],
      bundle: true,
      splitting: false,
      platform: "node",
      format: "esm",
      target: "node20",
      outfile: client,
      logLevel: "error",
      alias: { "@deploy/core": join(root, "core/src/index.ts") },
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
    });
  }, 120_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const run = (words: readonly string[], endpoint: URL, killed?: AbortSignal) =>
    runClient([process.execPath, client, ...words], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        ...vendor().env,
        AWS_ENDPOINT_URL: endpoint.href.replace(/\/$/, ""),
        DEPLOY_CRASH_MODE: mode,
      },
      ...(killed === undefined ? {} : { killed }),
    });
  const must = async (...words: readonly string[]): Promise<void> => {
    const { code, output } = await run(words, vendor().proxy.url);
    if (code !== 0) throw new Error(output);
  };

  it.each<readonly [operation: string, words: readonly string[], before: readonly (readonly string[])[]]>([
    ["up", ["up", "one"], []],
    ["redeploy", ["up", "two"], [["up", "one"]]],
    ["down", ["down"], [["up", "one"]]],
  ])(
    "%s",
    async (_operation, words, before) => {
      const { proxy, emulator } = vendor();
      const report = await crashEveryPoint<Picture>({
        proxy: proxy.faults,
        start: (endpoint, killed) => run(words, endpoint as URL, killed),
        observe: () => pictureOf(emulator.url),
        async reset() {
          await vendor().reset();
          for (const one of before) await must(...one);
        },
        label: proxy.label,
        ...(isWhole
          ? { progress: (line: string) => console.error(`${mode}: ${line}`) }
          : { sample: { count: 2, seed } }),
      });
      expect(report.ok, describeReport(report)).toBe(true);
    },
    7_200_000,
  );
});
