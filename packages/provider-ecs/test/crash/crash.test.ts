import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeReport } from "@deploy/conformance";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { has } from "../support/needs.js";
import { useVendor } from "../support/use-vendor.js";
import { buildClient, type clusters, crashOperation, type Operation } from "./crash-operation.js";

/*
 * Kill -9 before and after mutating calls of up, redeploy and down, on moto; then the same again, and what is there must be
 * what an undisturbed run leaves. Every point of Fargate with DEPLOY_CRASH_ALL=1, as `npm run crash` does; as many of each
 * operation as DEPLOY_CRASH_SAMPLE says (`npm run crash -- --sample=10`); else a point of one operation of Fargate, of `up`
 * in one of the other modes, and of redeploy and down in both. All are chosen by the seed.
 */

const hasPython = await has("python");
const seed = Number(process.env.DEPLOY_CRASH_SEED ?? 1);
const isWhole = process.env.DEPLOY_CRASH_ALL === "1";
const count = process.env.DEPLOY_CRASH_SAMPLE;
const operations = ["up", "redeploy", "down"] as const;
const cases: readonly (readonly [operation: Operation, mode: keyof typeof clusters])[] =
  isWhole || count !== undefined
    ? operations.map((operation) => [operation, "fargate"])
    : [
        [operations[seed % operations.length]!, "fargate"],
        ["up", seed % 2 === 0 ? "ec2" : "instance"],
        ...(["ec2", "instance"] as const).flatMap((mode) =>
          (["redeploy", "down"] as const).map((operation) => [operation, mode] as const),
        ),
      ];

describe.skipIf(!hasPython)("a killed run is finished by running it again", () => {
  const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });
  let directory: string;
  let client: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-ecs-crash-"));
    client = await buildClient(directory);
  }, 120_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(cases)(
    "%s on %s",
    async (operation, mode) => {
      const report = await crashOperation({
        mode,
        operation,
        vendor: vendor(),
        client,
        directory,
        ...(isWhole || count !== undefined
          ? { progress: (line: string) => console.error(`${mode}: ${line}`) }
          : {}),
        ...(isWhole ? {} : { sample: { count: Number(count ?? 1), seed } }),
      });
      expect(report.ok, describeReport(report)).toBe(true);
    },
    7_200_000,
  );
});
