import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canPush, createStage, type Stage } from "./stage.js";

const busybox = "/bin/busybox";
const ready = canPush && existsSync(busybox);
if (!ready) console.warn("Skipped: images by push need docker, docker-registry and a static /bin/busybox.");

const dockerfile = (extra = ""): string =>
  `FROM scratch
ARG WHO=nobody
COPY busybox /bin/busybox
COPY busybox /bin/sh
COPY www /www
ENV PATH=/bin WHO=$WHO ${extra}
WORKDIR /www
ENTRYPOINT ["/bin/busybox", "env", "BY=entrypoint"]
CMD ["/bin/sh", "-c", "exit 1"]
`;
const web = "exec busybox httpd -f -p 0.0.0.0:$PORT -h /www";
const processes = {
  web: { command: web, health: { path: "/healthz", startWithin: "2 s" } },
  worker: {
    command: ["/bin/sh", "-c", "while busybox sleep 0.1; do echo $BY $WHO $OWN; done"],
    config: { OWN: "own" },
  },
} as const;
const app = { processes, build: { args: { WHO: "somebody" } }, config: { GREETING: "hello" } };

describe.skipIf(!ready)("a deployment by image push", { timeout: 120_000 }, () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await createStage({}, { build: "here" });
    stage.write({
      Dockerfile: dockerfile(),
      "www/healthz": "fine",
      "www/index.html": "one",
      ".dockerignore": "*.mjs\n",
    });
    copyFileSync(busybox, join(stage.directory, "busybox"));
  });
  afterEach(async () => {
    const { failures, violations, registryUrl } = stage.double;
    const host = new URL(registryUrl ?? "http://none").host;
    const ids = execFileSync("docker", ["images", "-q", "--filter", `reference=${host}/*/*`], {
      encoding: "utf8",
    });
    for (const id of new Set(ids.split("\n").filter(Boolean)))
      execFileSync("docker", ["rmi", "-f", id], { stdio: "ignore" });
    await stage.close();
    expect(failures).toEqual([]);
    expect(violations).toEqual([]);
  });
  const releases = (): string[] => stage.double.state.apps[0]!.releases.map(({ description }) => description);

  it("builds, pushes, releases all types and the release command at once, and does nothing the second time", async () => {
    const before = existsSync(join(homedir(), ".docker/config.json"));
    await stage.up({ ...app, release: "echo migrating $GREETING" });
    expect(stage.output).toContain("migrating hello");
    const deployed = releases().filter((one) => one.startsWith("Deployed"));
    expect(deployed).toHaveLength(1);
    expect(deployed[0]).toMatch(
      /^Deployed web \([0-9a-f]{12}\), worker \([0-9a-f]{12}\), release \([0-9a-f]{12}\)$/,
    );
    expect(await (await fetch(`${stage.double.state.apps[0]!.webUrl}index.html`)).text()).toBe("one");
    expect(stage.double.state.apps[0]!.logs.map(({ message }) => message)).toContain(
      "entrypoint somebody own",
    );
    const plan = await stage.deployer({ ...app, release: "echo migrating $GREETING" }).plan();
    expect(plan.changes).toEqual([]);
    // The user's own Docker configuration is neither made nor left behind.
    expect(existsSync(join(homedir(), ".docker/config.json"))).toBe(before);
    expect(readdirSync("/tmp").filter((one) => one.startsWith("deploy-docker-"))).toEqual([]);
  });

  it("releases another command without building again, and goes back to the image before", async () => {
    await stage.up(app);
    stage.write({ "www/index.html": "two" });
    await stage.up(app);
    const url = `${stage.double.state.apps[0]!.webUrl}index.html`;
    expect(await (await fetch(url)).text()).toBe("two");
    stage.output.length = 0;
    await stage.up({ ...app, processes: { ...processes, worker: { command: "busybox sleep 60" } } });
    expect(stage.output).toEqual([]);
    const [, second, first] = await stage.deployer(app).releases();
    expect(second?.image.digest).not.toBe(first?.image.digest);
    expect(first?.image.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    await stage.deployer(app).rollback({ to: first!.number });
    expect(await (await fetch(url)).text()).toBe("one");
    await stage.up(app);
    expect(await (await fetch(url)).text()).toBe("two");
  });

  it("takes processes and the release command away that are no longer declared", async () => {
    await stage.up({ ...app, release: "echo once" });
    await stage.up({ ...app, processes: { web: processes.web } });
    expect(stage.double.state.apps[0]!.formation.map(({ type }) => type)).toEqual(["web"]);
    expect((await stage.deployer({ ...app, processes: { web: processes.web } }).plan()).changes).toEqual([]);
  });

  it("says with its last lines why a build failed, and leaves what serves", async () => {
    await stage.up(app);
    const before = releases().length;
    stage.write({ Dockerfile: `${dockerfile()}COPY no-such-file /\n` });
    const error = await stage.failure(app);
    expect(error.code).toBe("images.build-failed");
    expect(error.message).toContain("no-such-file");
    expect(releases()).toHaveLength(before);
  });

  it("is refused by the registry without a token that it knows, and the token is nowhere", async () => {
    await stage.up(app);
    stage.write({ "www/index.html": "two" });
    stage.double.faults.set({
      host: "registry",
      path: /^\/v2\/$/,
      times: 9,
      does: { kind: "answer", status: 401, id: "unauthorized" },
    });
    const error = await stage.failure(app);
    expect(error.code).toBe("images.unauthenticated");
    expect(JSON.stringify([error, stage.log, stage.output])).not.toContain("token-of-owner");
  });
});
