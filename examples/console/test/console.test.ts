import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createDeployer } from "@deploy/core";
import { local } from "@deploy/provider-local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSandbox, eventually, registryAnswers, type Sandbox } from "../../test-support/deploy.js";
import app from "../deploy.config.js";

const run = promisify(execFile);
const packages = fileURLToPath(new URL("../../../packages/", import.meta.url));
const host = "console.localhost";
const works = await registryAnswers("examples/console");

/** What the image gets from the registry, as the packages of this repository. */
const ours = ["core", "cli", "console", "provider-local", "provider-ecs", "provider-heroku"] as const;

describe("the declaration", () => {
  it.each(["local", "production", "trial"])("holds for %s", (environment) => {
    const deployer = createDeployer(app, { environment, defaultTarget: local() });
    const [web] = deployer.environment.processes;
    const { volumes } = deployer.environment.providers.target.containers.capabilities;
    // Where there are volumes the data is on one, and where there are none nobody is made to believe it.
    expect(Object.keys(web?.volumes ?? {})).toEqual(volumes === true ? ["data"] : []);
    expect(web).toMatchObject({ instances: 1, listens: true });
    const named = [...String(web?.command).matchAll(/\$([A-Z_]+)/g)].map(([, name]) => name);
    expect(Object.keys({ ...deployer.environment.config, PORT: "" })).toEqual(expect.arrayContaining(named));
  });

  it("does in its Dockerfile what it does without one", async () => {
    const text = await readFile(new URL("../Dockerfile", import.meta.url), "utf8");
    const steps = text.split("\n").filter((line) => /^[A-Z]+ /.test(line));
    expect(steps[0]).toBe("FROM node:20-slim");
    expect(steps).toContain(`RUN ${String(app.build?.command)}`);
    expect(steps.indexOf("COPY package.json ./")).toBeLessThan(
      steps.indexOf(`RUN ${String(app.build?.command)}`),
    );
    expect(text).toContain("ENV PATH=/app/node_modules/.bin:$PATH");
  });
});

describe.skipIf(!works)("the console, deployed by Deploy on this machine", { timeout: 240_000 }, () => {
  let box: Sandbox;

  beforeAll(async () => {
    box = await createSandbox("console", ["provider-ecs", "provider-heroku"]);
    const file = join(box.directory, "package.json");
    const manifest = JSON.parse(await readFile(file, "utf8")) as { dependencies: Record<string, string> };
    for (const name of ours) {
      const { stdout } = await run(
        "npm",
        ["pack", "--silent", "--ignore-scripts", "--pack-destination", box.directory],
        { cwd: join(packages, name) },
      );
      manifest.dependencies[`@deploy/${name}`] = `file:${stdout.trim()}`;
    }
    await writeFile(file, JSON.stringify(manifest));
  }, 120_000);
  afterAll(() => box?.remove());

  it("goes up, answers, and shows a page to sign in at", async () => {
    const up = await box.deploy(["up"]);
    expect(up, `${up.stdout}\n${up.stderr}`).toMatchObject({ exitCode: 0 });
    expect(up.stdout.trim()).toBe(`http://${host}:${box.port}`);
    expect(await box.ask(host, "/healthz")).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    const page = await box.ask(host, "/sign-in");
    expect(page.status).toBe(200);
    expect(page.body).toContain("<script");
    expect((await box.ask(host, "/api/sign-in/ways")).body).toContain('"password":true');
    expect((await box.ask(host, "/api/overview")).status).toBe(401);
  });

  it("prints the link of the first owner into its logs, and keeps its data over a release", async () => {
    const link = await eventually(async () => {
      const { stdout } = await box.deploy(["logs", "web"]);
      return /http:\/\/console\.localhost:\d+\/sign-in#link=\S+/.exec(stdout)?.[0];
    });
    const secret = link.split("#link=")[1];
    const origin = `http://${host}:${box.port}`;
    const signIn = await box.ask(host, "/api/sign-in/link", {
      method: "POST",
      json: { secret, email: "owner@example.org" },
      headers: { origin, "x-deploy-console": "1" },
    });
    expect(signIn, signIn.body).toMatchObject({ status: 200 });
    const me = await box.ask(host, "/api/me", { cookie: signIn.cookie ?? "" });
    expect(me.body).toContain("owner@example.org");
    await writeFile(join(box.directory, "note.txt"), "another image");
    const again = await box.deploy(["up"]);
    expect(again, again.stderr).toMatchObject({ exitCode: 0 });
    expect((await box.ask(host, "/api/me", { cookie: signIn.cookie ?? "" })).body).toContain(
      "owner@example.org",
    );
  });

  it("goes down, and keeps its data unless it is named", async () => {
    const down = await box.deploy(["down", "--confirm", "console"]);
    expect(down, down.stderr).toMatchObject({ exitCode: 0 });
    expect(`${down.stdout}${down.stderr}`).toContain("volumes");
    const all = await box.deploy(["down", "--confirm", "console", "--delete-data", "all"]);
    expect(all, all.stderr).toMatchObject({ exitCode: 0 });
    expect((await box.leftovers()).filter((line) => /deploy console|web\.1/.test(line))).toEqual([]);
  });
});
