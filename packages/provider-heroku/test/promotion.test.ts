import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { AppInput } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canPush, createStage, type Stage } from "./stage.js";

const busybox = "/bin/busybox";
const ready = canPush && existsSync(busybox);
if (!ready) console.warn("Skipped: promotions need docker, docker-registry and a static /bin/busybox.");

const app = (config: Record<string, string>): Partial<AppInput> => ({
  processes: {
    web: {
      command: "echo $GREETING > /www/index.html; exec busybox httpd -f -p 0.0.0.0:$PORT -h /www",
      health: { path: "/healthz", startWithin: "2 s" },
    },
  },
  release: "exit $FAILS",
  config,
});
const live = { app: "shop-live", pipeline: "shop" };

describe.skipIf(!ready)("a promotion", { timeout: 120_000 }, () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await createStage({}, { build: "here", pipeline: "shop" });
    stage.write({
      Dockerfile:
        "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nCOPY www /www\nENV PATH=/bin\n",
      "www/healthz": "fine",
      ".dockerignore": "*.mjs\n",
    });
    copyFileSync(busybox, join(stage.directory, "busybox"));
    await stage.up(app({ GREETING: "staging", FAILS: "0" }));
  });
  afterEach(async () => {
    const { failures, violations, registryUrl } = stage.double;
    const reference = `reference=${new URL(registryUrl ?? "http://none").host}/*/*`;
    const ids = execFileSync("docker", ["images", "-q", "--filter", reference], { encoding: "utf8" });
    for (const id of new Set(ids.split("\n").filter(Boolean)))
      execFileSync("docker", ["rmi", "-f", id], { stdio: "ignore" });
    await stage.close();
    expect(failures).toEqual([]);
    expect(violations).toEqual([]);
  });
  const target = () => stage.double.state.apps.find(({ name }) => name === "shop-live");
  const staging = () => stage.deployer(app({ GREETING: "staging", FAILS: "0" }));

  it("releases the same image with the other app's config, without a build, in the stages of the pipeline", async () => {
    const production = stage.deployer(app({ GREETING: "live", FAILS: "0" }), live, "production");
    stage.write({ Dockerfile: "this is not built\n" });
    // The registry may take no tag but `latest`: then earlier images are not told apart, and nothing else fails.
    stage.double.faults.set({
      host: "registry",
      method: "PUT",
      path: /\/manifests\/[0-9a-f]{12}$/,
      times: Number.POSITIVE_INFINITY,
      does: { kind: "answer", status: 403, id: "denied", message: "Only latest." },
    });
    await production.promoteFrom(staging()).result;
    expect(await (await fetch(`${target()!.webUrl}index.html`)).text()).toBe("live\n");
    const [promoted] = await production.releases();
    const [source] = await staging().releases();
    expect(promoted?.image.digest).toBe(source?.image.digest);
    expect(promoted?.origin.promotedFrom).toMatch(/^staging release \d+$/);
    expect(stage.double.state.couplings.map(({ stage: of }) => of).sort()).toEqual(["production", "staging"]);
  });

  it("heroku/cli#1772, #1652, #1196: whose release command fails says so, and nothing serves", async () => {
    const production = stage.deployer(app({ GREETING: "live", FAILS: "5" }), live, "production");
    await expect(production.promoteFrom(staging()).result).rejects.toMatchObject({
      code: "containers.release-command-failed",
      details: { exitCode: 5 },
    });
    expect(target()?.dynos).toEqual([]);
  });
});
