import {
  type AnyResource,
  type ReleaseSpec,
  type ResolvedJob,
  type ResolvedProcess,
  redact,
} from "@deploy/core";
import { beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench } from "../../test/support/element-bench.js";
import { has } from "../../test/support/needs.js";
import { useVendor } from "../../test/support/use-vendor.js";
import { createClients } from "../clients.js";
import type { EcsOptions } from "../options.js";
import type { Parts } from "../parts.js";
import { createFoundations } from "../servers/create-foundation.js";
import { readTags } from "../tags.js";
import { createContainers } from "./containers.js";
import { describeTaskDefinition, serviceName } from "./describe.js";
import { familyOf } from "./families.js";
import { findContainers } from "./owned.js";
import type { TaskDefinitionInput as RegisterInput } from "./task-definition.js";

const process = (name: string, more: Partial<ResolvedProcess> = {}): ResolvedProcess => ({
  name,
  command: `run ${name}`,
  health: { everyMs: 500, timeoutMs: 5_000, startWithinMs: 60_000 },
  listens: false,
  internal: false,
  volumes: {},
  drainMs: 10_000,
  stopWithinMs: 10_000,
  config: {},
  ...more,
});
const nightly: ResolvedJob = {
  name: "nightly",
  command: "tidy",
  schedule: "3 4 * * *",
  timeZone: "Europe/Berlin",
  timeoutMs: 60_000,
};
const from = (most: number, least: number): readonly number[] =>
  Array.from({ length: most - least + 1 }, (_, index) => most - index);
const digest = `sha256:${"a".repeat(64)}`;

describe.skipIf(!(await has("python")))("containers on moto", () => {
  const vendor = useVendor({ moto: { servicesRunning: 100 } });
  let bench: ElementBench;
  let parts: Parts;
  const setUp = (options: Partial<EcsOptions> = {}): void => {
    bench = createElementBench({ url: vendor().proxy.url, options: { roleRestSeconds: 0, ...options } });
    parts = { ...bench.parts, foundation: createFoundations(bench.parts.clients, bench.settings) };
  };
  beforeEach(async () => {
    await vendor().reset();
    setUp();
  });

  const spec = (more: Partial<ReleaseSpec> = {}): ReleaseSpec => ({
    image: { digest, location: `example.org/shop@${digest}` },
    config: { GREETING: "hello" },
    secrets: [{ name: "KEY", version: "1", location: "/deploy/shop/production/secrets/KEY/1" }],
    processes: [process("worker"), process("clock")],
    jobs: [],
    origin: { author: "Maria" },
    beforeReleaseCommand: () => [],
    after: [],
    ...more,
  });
  const graph = (wanted: ReleaseSpec): readonly AnyResource[] => {
    const { resources } = createContainers(parts).rollout(bench.scope, wanted);
    return [...parts.foundation(bench.scope).resources, ...resources];
  };
  const up = (wanted: ReleaseSpec) => bench.apply(graph(wanted));
  const changesOf = async (wanted: ReleaseSpec) => (await bench.plan(graph(wanted))).plan.changes;
  const send: Parts["clients"]["send"] = (...call) => parts.clients.send(...call);
  const releases = () => createContainers(parts).releases(bench.context(), bench.scope);
  const cluster = (): string => parts.foundation(bench.scope).clusterName;
  const mutations = (): readonly string[] =>
    vendor()
      .proxy.calls.filter(({ mutation }) => mutation)
      .map(({ operation }) => operation);

  it("makes the first release, finds nothing to do afterwards, and holds it as it was", async () => {
    await up(spec());
    expect(await changesOf(spec())).toEqual([]);
    expect(await releases()).toMatchObject([
      {
        number: 1,
        state: "active",
        config: { GREETING: "hello" },
        image: { digest },
        origin: { author: "Maria" },
      },
    ]);
    const stored = await createContainers(parts).releaseSpec(bench.context(), bench.scope, 1);
    expect(stored.processes.map(({ name }) => name)).toEqual(["worker", "clock"]);
    expect(stored.release.secrets).toEqual(spec().secrets);
    await expect(createContainers(parts).releaseSpec(bench.context(), bench.scope, 7)).rejects.toMatchObject({
      code: "containers.unknown-release",
    });
  });

  it("redeploys by registering at once and updating at once, with one more number", async () => {
    await up(spec());
    vendor().proxy.reset();
    await up(spec({ config: { GREETING: "good day" } }));
    const ecs = mutations();
    expect(ecs.filter((one) => one === "UpdateService")).toHaveLength(2);
    expect(ecs.filter((one) => one === "CreateService")).toEqual([]);
    expect(ecs.lastIndexOf("RegisterTaskDefinition")).toBeLessThan(ecs.indexOf("UpdateService"));
    expect((await releases()).map(({ number, state }) => `${number} ${state}`)).toEqual([
      "2 active",
      "1 superseded",
    ]);
    expect(await changesOf(spec({ config: { GREETING: "good day" } }))).toEqual([]);
  });

  it("forgets revisions that no rollback reaches, but not those of others, and goes on when it cannot", async () => {
    await up(spec());
    const families = ["worker", "clock"].map((name) => familyOf(bench.scope, "process", name));
    families.push(familyOf(bench.scope, "run"));
    const revisions = async (family: string): Promise<readonly number[]> => {
      const { taskDefinitionArns = [] } = await send(bench.context(), "ecs", "ListTaskDefinitions", {
        familyPrefix: family,
        sort: "DESC",
      });
      return taskDefinitionArns.map((arn) => Number(arn.split(":").at(-1))).sort((one, other) => other - one);
    };
    for (const family of families) {
      const { taskDefinition, tags = [] } = (await describeTaskDefinition(parts, bench.context(), family))!;
      const { containerDefinitions, cpu, memory, networkMode, executionRoleArn } = taskDefinition!;
      const again = { family, containerDefinitions, cpu, memory, networkMode, executionRoleArn };
      for (let revision = 2; revision <= 22; revision += 1) {
        const isOurs = revision !== 2;
        // Clients of its own each time: they keep to AWS's pace, one in a second.
        await createClients(bench.settings).send(bench.context(), "ecs", "RegisterTaskDefinition", {
          ...again,
          ...(isOurs ? { tags } : {}),
        } as RegisterInput);
      }
    }
    vendor().proxy.script({
      on: "ecs:DeregisterTaskDefinition",
      when: ({ input }) => String(input.taskDefinition).includes("_clock:"),
      tell: { error: "AccessDeniedException", message: "Not you.", status: 400 },
    });
    await up(spec({ config: { GREETING: "good day" } }));
    const [worker, clock, run] = await Promise.all(families.map(revisions));
    // Twenty-three; the second is somebody else's, the third and the first were ours.
    for (const left of [worker, run]) expect(left).toEqual([...from(23, 4), 2]);
    expect(clock).toEqual(from(23, 1));
    expect(bench.said.join()).toContain("Old task definitions are left");
    const newest = await describeTaskDefinition(parts, bench.context(), families[2]!);
    expect(readTags(newest?.tags)).toMatchObject({
      "deploy:release": "2",
      "deploy:served": expect.any(String),
    });
    vendor().proxy.reset();
    await up(spec({ config: { GREETING: "good evening" } }));
    expect(await revisions(families[1]!)).toEqual([...from(24, 5), 2]);
    expect(vendor().proxy.violations).toEqual([]);
  }, 120_000);

  it("goes on under the same number where a run was killed between two registrations", async () => {
    await up(spec());
    const changed = spec({ config: { GREETING: "again" } });
    vendor().proxy.script({
      on: "ecs:RegisterTaskDefinition",
      when: ({ input }) => input.family === familyOf(bench.scope, "process", "clock"),
      tell: { error: "ClientException", message: "Killed." },
    });
    await expect(up(changed)).rejects.toMatchObject({ code: "ecs.refused" });
    vendor().proxy.reset();
    await up(changed);
    expect((await releases())[0]).toMatchObject({ number: 2, state: "active" });
    const registered = vendor().proxy.calls.filter(({ operation }) => operation === "RegisterTaskDefinition");
    expect(registered.map(({ input }) => input.family)).toEqual([familyOf(bench.scope, "process", "clock")]);
    expect(await changesOf(changed)).toEqual([]);
  });

  it("sees what somebody has changed by hand", async () => {
    await up(spec({ processes: [process("worker", { instances: 2 })] }));
    const wanted = spec({ processes: [process("worker", { instances: 2 })] });
    const service = serviceName(bench.scope, "worker");
    await send(bench.context(), "ecs", "UpdateService", { cluster: cluster(), service, desiredCount: 5 });
    expect(await changesOf(wanted)).toMatchObject([{ fields: [{ path: "instances", from: 5, to: 2 }] }]);
    await up(wanted);
    const family = familyOf(bench.scope, "process", "worker");
    const { taskDefinition } = await send(bench.context(), "ecs", "RegisterTaskDefinition", {
      family,
      networkMode: "awsvpc",
      containerDefinitions: [{ name: "worker", image: "other", memory: 512 }],
    });
    await send(bench.context(), "ecs", "UpdateService", {
      cluster: cluster(),
      service,
      taskDefinition: taskDefinition?.taskDefinitionArn,
    });
    expect(await changesOf(wanted)).toMatchObject([
      { label: "process worker", fields: [{ path: "release", to: 1 }] },
    ]);
    await up(wanted);
    expect(await changesOf(wanted)).toEqual([]);
  });

  it("leaves the number of instances to whoever scales, where none is declared", async () => {
    await up(spec());
    await createContainers(parts)
      .scale(bench.context(), bench.scope, { worker: 3 })
      .catch(() => undefined);
    expect(await changesOf(spec())).toEqual([]);
  });

  it("keeps what came as a secret out of the task definitions, and puts it back on a rollback", async () => {
    const wanted = spec({ config: { GREETING: "hello", DATABASE_URL: redact("postgres://hush@db/shop") } });
    await up(wanted);
    expect(await changesOf(wanted)).toEqual([]);
    const registered = vendor().proxy.calls.filter(({ operation }) => operation === "RegisterTaskDefinition");
    expect(registered.length).toBeGreaterThan(2);
    for (const { input } of registered) {
      const container = (
        input.containerDefinitions as { secrets: { name: string; valueFrom: string }[] }[]
      )[0]!;
      expect(container.secrets.find(({ name }) => name === "DATABASE_URL")?.valueFrom).toMatch(
        /^\/deploy\/shop\/production\/config\/DATABASE_URL\/[0-9a-f]{24}$/,
      );
    }
    expect(JSON.stringify(registered)).not.toContain("hush");
    const stored = await createContainers(parts).releaseSpec(bench.context(), bench.scope, 1);
    expect(stored.sensitiveConfig).toMatchObject([{ name: "DATABASE_URL" }]);
    const back = spec({ config: stored.release.config, sensitiveConfig: stored.sensitiveConfig });
    expect(await changesOf(back)).toEqual([]);
    const [change] = await changesOf(
      spec({ config: { GREETING: "hello", DATABASE_URL: redact("postgres://other") } }),
    );
    expect(change?.fields).toEqual([{ path: "config.DATABASE_URL", from: "<redacted>", to: "<redacted>" }]);
  });

  it("schedules jobs with the newest release, and forgets them with their declaration", async () => {
    await up(spec({ jobs: [nightly] }));
    expect(await changesOf(spec({ jobs: [nightly] }))).toEqual([]);
    const { jobs } = await createContainers(parts).status(bench.context(), bench.scope);
    expect(jobs).toMatchObject([{ name: "nightly", schedule: "3 4 * * *" }]);
    const call = vendor().proxy.calls.find(({ operation }) => operation === "CreateSchedule");
    expect(call?.input).toMatchObject({
      ScheduleExpression: "cron(3 4 * * ? *)",
      ScheduleExpressionTimezone: "Europe/Berlin",
      State: "ENABLED",
    });
    const later = { ...nightly, schedule: "5 4 * * *" };
    expect(await changesOf(spec({ jobs: [later] }))).toContainEqual(
      expect.objectContaining({ label: "job nightly", action: "update" }),
    );
    const owned = await findContainers(parts)(bench.context(), bench.scope, {});
    expect(owned.map(({ label }) => label)).toContain("job nightly");
  });

  it("scales by load, and leaves the number to it", async () => {
    setUp({ autoscaling: { worker: { min: 1, max: 4, cpu: 50 } } });
    const wanted = spec({ processes: [process("worker", { instances: 2 })] });
    await up(wanted);
    const service = serviceName(bench.scope, "worker");
    await send(bench.context(), "ecs", "UpdateService", { cluster: cluster(), service, desiredCount: 4 });
    expect(await changesOf(wanted)).toEqual([]);
    await expect(
      createContainers(parts).scale(bench.context(), bench.scope, { worker: 3 }),
    ).rejects.toMatchObject({ code: "containers.autoscaled" });
    setUp({ autoscaling: { worker: { min: 1, max: 9, cpu: 50 } } });
    expect(await changesOf(wanted)).toMatchObject([{ fields: [{ path: "max", from: 4, to: 9 }] }]);
  });

  it("gives processes names for each other where there are several", async () => {
    const wanted = spec({
      processes: [process("web2", { listens: true, internal: true }), process("worker")],
    });
    await up(wanted);
    expect(await changesOf(wanted)).toEqual([]);
    const created = vendor().proxy.calls.find(
      ({ operation, input }) => operation === "CreateService" && "serviceRegistries" in input,
    );
    expect(created?.input.serviceRegistries).toMatchObject([
      { registryArn: expect.stringContaining("service/") },
    ]);
    const address = createContainers(parts).address!(bench.scope, wanted.processes[0]!);
    expect(address).toMatch(/^http:\/\/shop-production-web2\.deploy-production.*\.internal:8080$/);
  });

  it("does not take a task definition of somebody else for its own", async () => {
    await send(bench.context(), "ecs", "RegisterTaskDefinition", {
      family: familyOf(bench.scope, "run"),
      networkMode: "awsvpc",
      containerDefinitions: [{ name: "run", image: "other", memory: 512 }],
    });
    const { plan } = await bench.plan(graph(spec()));
    expect(plan.blocks).toMatchObject([{ code: "plan.foreign" }]);
  });

  it("is found by tag, and removed without a trace, twice", async () => {
    await up(spec({ jobs: [nightly] }));
    const other = { app: "shop", environment: "production/2" };
    expect(await findContainers(parts)(bench.context(), other, {})).toEqual([]);
    const find = () => findContainers(parts)(bench.context(), bench.scope, {});
    const owned = await find();
    const ids = new Set(owned.map(({ id }) => id));
    for (const { id } of graph(spec({ jobs: [nightly] }))) {
      if (id.includes("/service/") || id.includes("/job/")) expect(ids).toContain(id);
    }
    for (const round of [1, 2]) {
      for (const one of owned) await one.remove(bench.context());
      // moto goes on listing families whose revisions are all deleted.
      const left = (await find()).filter(({ label }) => label !== "releases");
      expect(left, `after round ${round}`).toEqual([]);
      expect(
        await describeTaskDefinition(parts, bench.context(), familyOf(bench.scope, "run")),
      ).toBeUndefined();
    }
  });

  it("refuses a service of somebody else, and takes it over by word", async () => {
    await up(spec({ processes: [process("worker")] }));
    const { taskDefinition } = await send(bench.context(), "ecs", "RegisterTaskDefinition", {
      family: "theirs",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "clock", image: "other" }],
    });
    const { network, taskGroup } = parts.foundation(bench.scope);
    const found = await network.read(bench.context());
    const group = await taskGroup.read(bench.context());
    if (found === undefined || "foreign" in found || group === undefined || "foreign" in group)
      throw new Error("no network");
    await send(bench.context(), "ecs", "CreateService", {
      cluster: cluster(),
      serviceName: serviceName(bench.scope, "clock"),
      taskDefinition: taskDefinition?.taskDefinitionArn,
      desiredCount: 1,
      networkConfiguration: {
        awsvpcConfiguration: { subnets: [...found.subnetIds], securityGroups: [group.groupId] },
      },
    });
    const { plan } = await bench.plan(graph(spec()));
    expect(plan.blocks).toMatchObject([{ code: "plan.foreign" }]);
    const id = graph(spec()).find((one) => one.id.endsWith("/service/clock"))!.id;
    await bench.apply(graph(spec()), { adopt: [id] });
    expect(await changesOf(spec())).toEqual([]);
  });
});
