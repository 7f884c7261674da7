import type { ResolvedProcess } from "@deploy/core";
import { describe, expect, it } from "vitest";
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  manifestHash,
  manifestLabel,
  tagText,
} from "./manifest.js";
import { commandOf, jobTask, oneOffTask, processTask, type Rendering, withExec } from "./task-definition.js";
import { fargateSizes } from "./task-size.js";

const web: ResolvedProcess = {
  name: "web",
  command: "gunicorn shop:app --bind 0.0.0.0:$PORT",
  health: { path: "/healthz", everyMs: 500, timeoutMs: 5_000, startWithinMs: 60_000 },
  listens: true,
  internal: false,
  volumes: {},
  drainMs: 30_000,
  stopWithinMs: 10_000,
  config: { WORKERS: "2" },
};
const release: Manifest = {
  number: 3,
  createdAt: "2026-11-22T12:00:00.000Z",
  image: { digest: `sha256:${"a".repeat(64)}`, location: "example.org/shop@sha256:aa" },
  config: { LOG: "info", KEY: "shadowed" },
  sensitive: [
    { name: "DATABASE_URL", version: "9", location: "/deploy/shop/production/config/DATABASE_URL/9" },
  ],
  secrets: [{ name: "KEY", version: "2", location: "arn:aws:ssm:us-east-1:1:parameter/KEY/2" }],
  processes: [web],
  jobs: [],
  origin: { author: "Maria" },
  platform: { format: "1" },
};
const rendering: Rendering = {
  scope: { app: "shop", environment: "review/12" },
  region: "us-east-1",
  networkMode: "awsvpc",
  architecture: "arm64",
  executionRole: "arn:execution",
  taskRole: "arn:task",
  sidecars: {},
  beside: {},
  balanced: ["web"],
  tags: { "deploy:app": "shop" },
};
const mainOf = (task: ReturnType<typeof processTask>) => task.containerDefinitions![0]!;

describe("the task definition of a process", () => {
  it("fits Fargate, and says everything that a release pins", () => {
    const task = processTask(rendering, release, web);
    expect(task).toMatchObject({
      family: "deploy_shop_review__12_process_web",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },
      executionRoleArn: "arn:execution",
      taskRoleArn: "arn:task",
    });
    expect(fargateSizes.find(({ cpu }) => String(cpu) === task.cpu)?.memory.map(String)).toContain(
      task.memory,
    );
    expect(mainOf(task)).toMatchObject({
      name: "web",
      entryPoint: ["sh", "-c"],
      command: ["exec gunicorn shop:app --bind 0.0.0.0:$PORT"],
      portMappings: [{ containerPort: 8080, hostPort: 8080, name: "web" }],
      stopTimeout: 10,
      linuxParameters: { initProcessEnabled: true },
      logConfiguration: {
        options: { "awslogs-group": "/deploy/shop/review/12", "awslogs-stream-prefix": "web/3" },
      },
    });
    expect(mainOf(task).healthCheck).toBeUndefined();
  });

  it("names nothing both as a value and as a secret, which ECS refuses, and holds no secret's value", () => {
    const { environment, secrets } = mainOf(processTask(rendering, release, web));
    expect(environment).toEqual([
      { name: "LOG", value: "info" },
      { name: "PORT", value: "8080" },
      { name: "WORKERS", value: "2" },
    ]);
    expect(secrets).toEqual([
      { name: "DATABASE_URL", valueFrom: "/deploy/shop/production/config/DATABASE_URL/9" },
      { name: "KEY", valueFrom: "arn:aws:ssm:us-east-1:1:parameter/KEY/2" },
    ]);
  });

  it("has Docker choose the port in bridge mode, asks for its own health, and limits memory where it was declared", () => {
    const bridge: Rendering = { ...rendering, networkMode: "bridge", balanced: [] };
    const plain = mainOf(processTask(bridge, release, web));
    expect(plain).toMatchObject({
      portMappings: [{ containerPort: 8080, hostPort: 0 }],
      memoryReservation: 128,
      healthCheck: { interval: 5, startPeriod: 60 },
    });
    expect(plain.healthCheck?.command?.[1]).toContain("/healthz");
    const limited = mainOf(processTask(bridge, release, { ...web, memory: 512_000_000, cpu: 0.5 }));
    expect(limited).toMatchObject({ memory: 489, cpu: 512 });
    expect(limited.memoryReservation).toBeUndefined();
  });

  it("refuses what the capacity cannot do", () => {
    expect(() => processTask(rendering, release, { ...web, stopWithinMs: 121_000 })).toThrow(
      expect.objectContaining({ code: "containers.stop-too-long" }),
    );
    expect(() => processTask(rendering, release, { ...web, volumes: { data: "/data" } })).toThrow(
      expect.objectContaining({ code: "containers.unsupported" }),
    );
    const instance: Rendering = {
      ...rendering,
      networkMode: "bridge",
      dataPath: "/var/lib/deploy/shop/production",
    };
    expect(() => processTask(instance, release, { ...web, volumes: { data: "data" } })).toThrow(
      expect.objectContaining({ code: "containers.relative-volume" }),
    );
    expect(processTask(instance, release, { ...web, volumes: { data: "/data" } }).volumes).toEqual([
      { name: "data", host: { sourcePath: "/var/lib/deploy/shop/production/volumes/data" } },
    ]);
  });

  it("puts sidecars beside it", () => {
    const sidecars = { "*": [{ name: "agent", image: "agent:1" }], worker: [{ name: "other", image: "o" }] };
    const task = processTask({ ...rendering, sidecars }, release, web);
    expect(task.containerDefinitions?.map(({ name }) => name)).toEqual(["web", "agent"]);
  });
});

describe("other tasks of a release", () => {
  it("ends a job whose time is over by a second container", () => {
    const job = {
      name: "nightly",
      command: "tidy",
      schedule: "3 4 * * *",
      timeZone: "UTC",
      timeoutMs: 90_000,
    };
    const task = jobTask(rendering, release, job);
    expect(task.containerDefinitions?.map(({ name, essential }) => [name, essential])).toEqual([
      ["job", true],
      ["timeout", true],
    ]);
    expect(task.containerDefinitions?.[1]?.command?.[0]).toContain("sleep 90");
    expect(mainOf(task).logConfiguration?.options?.["awslogs-stream-prefix"]).toBe("job.nightly/3");
  });

  it("ends a job that needs no shell by an image that has one, without the registry's credentials", () => {
    const job = {
      name: "nightly",
      command: ["/bin/tidy", "--all"],
      schedule: "3 4 * * *",
      timeZone: "UTC",
      timeoutMs: 90_000,
    };
    const task = jobTask({ ...rendering, registryCredentials: "arn:secret" }, release, job);
    const [own, watchdog] = task.containerDefinitions ?? [];
    expect(own).toMatchObject({ image: release.image.location, repositoryCredentials: expect.anything() });
    expect(watchdog).toMatchObject({ name: "timeout", essential: true, entryPoint: ["sh", "-c"] });
    expect(watchdog?.image).toMatch(/^public\.ecr\.aws\/docker\/library\/busybox:/);
    expect(watchdog?.repositoryCredentials).toBeUndefined();
    expect(watchdog?.command?.[0]).toContain("sleep 90");
  });

  it("has no port where a one-off command runs, and takes its text by an override", () => {
    const task = oneOffTask(rendering, release, "release");
    expect(mainOf(task)).toMatchObject({ name: "release", entryPoint: ["sh", "-c"] });
    expect(mainOf(task).portMappings).toBeUndefined();
  });
});

describe("a command", () => {
  it.each([
    ["node server.js", "exec node server.js"],
    ["gunicorn app:app --bind 0.0.0.0:$PORT", "exec gunicorn app:app --bind 0.0.0.0:$PORT"],
    [`run --port \${PORT}`, `exec run --port \${PORT}`],
    ["migrate && serve", "migrate && serve"],
    ["A=1 serve", "A=1 serve"],
    ["cd app; serve", "cd app; serve"],
    ["exit 9", "exit 9"],
    ["exec serve", "exec serve"],
  ])("%s becomes %s", (command, text) => {
    expect(withExec(command)).toBe(text);
  });

  it("runs as it is when it is an array", () => {
    expect(commandOf(["serve", "--all", "a b"])).toEqual({
      entryPoint: ["serve"],
      command: ["--all", "a b"],
    });
    expect(commandOf(["serve"])).toEqual({ entryPoint: ["serve"] });
  });
});

describe("the manifest of a release", () => {
  it("comes back from its task definition as it was", () => {
    const task = oneOffTask(rendering, release, "run", { [manifestLabel]: encodeManifest(release) });
    const plain = { ...release, config: { LOG: "info" } };
    const answer = {
      taskDefinition: { ...task, taskDefinitionArn: "arn:aws:ecs:us-east-1:1:task-definition/x:7" },
      tags: task.tags!,
      $metadata: {},
    } as never;
    expect(decodeManifest(answer)).toMatchObject({
      ...plain,
      hash: manifestHash(plain),
      arn: expect.stringContaining(":7"),
    });
    expect(decodeManifest({ $metadata: {} } as never)).toBeUndefined();
  });

  it("is another one when anything of it differs, and not by who made it", () => {
    const other = { ...release, secrets: [{ ...release.secrets[0]!, version: "3" }] };
    expect(manifestHash(other)).not.toBe(manifestHash(release));
    expect(manifestHash({ ...release, platform: { format: "2" } })).not.toBe(manifestHash(release));
    expect(manifestHash(JSON.parse(JSON.stringify(release)))).toBe(manifestHash(release));
  });

  it("writes texts as values of tags, whatever is in them", () => {
    expect(tagText("web: ended (exit code 1), «why»?\n")).toBe("web: ended exit code 1 why");
    expect(tagText("x".repeat(400))).toHaveLength(256);
  });
});
