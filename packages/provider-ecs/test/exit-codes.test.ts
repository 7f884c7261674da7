import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { has } from "./support/needs.js";
import { run } from "./support/program.js";
import { useVendor } from "./support/use-vendor.js";

/*
 * What the program ends with, and says, when AWS refuses; the program and the packages as they are built.
 */

const built = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const program = built("cli/dist/deploy.cjs");
const core = built("core/dist/index.js");
const provider = built("provider-ecs/dist/index.js");
const isBuilt = [program, core, provider].every((path) => existsSync(path));
if (!isBuilt) console.warn("skipped: the program is not built (npm run build)");

describe.skipIf(!isBuilt || !(await has("python")))("the program, built", () => {
  const vendor = useVendor();
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-exit-"));
    const config = `
      import { defineApp } from ${JSON.stringify(core)};
      import { ecs } from ${JSON.stringify(provider)};
      export default defineApp({
        name: "shop",
        build: { dockerfile: "Dockerfile" },
        processes: { web: { command: "node web.js", health: "/healthz" } },
        environments: { production: { target: ecs({ region: "us-east-1" }) } },
      });
    `;
    await writeFile(join(directory, "deploy.config.mjs"), config);
    await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const plan = () =>
    run([process.execPath, program, "plan", "--environment", "production"], {
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: directory, NO_COLOR: "1", ...vendor().env },
    });

  it("ends with 4 and says what to do when credentials have expired", async () => {
    vendor().proxy.script({
      on: "ec2:DescribeVpcs",
      tell: {
        error: "ExpiredTokenException",
        message: "The security token included is expired",
        status: 403,
      },
    });
    const { code, stdout, stderr } = await plan();
    expect(`${stdout}${stderr}`).toContain("The AWS credentials have expired");
    expect(`${stdout}${stderr}`).toContain("aws sso login");
    expect(code).toBe(4);
  }, 60_000);

  it("ends with 1 and says what to do when AWS does not answer", async () => {
    vendor().proxy.script({
      on: "ec2:DescribeVpcs",
      tell: { error: "InternalError", message: "An internal error has occurred", status: 500 },
    });
    const { code, stdout, stderr } = await plan();
    expect(`${stdout}${stderr}`).toContain("AWS could not answer ec2:DescribeVpcs");
    expect(`${stdout}${stderr}`).toContain("Run the same again");
    expect(code).toBe(1);
  }, 60_000);
});
