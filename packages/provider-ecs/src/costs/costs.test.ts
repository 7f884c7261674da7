import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type AppInput,
  defineApp,
  type ResolvedEnvironment,
  resolveEnvironment,
  type Target,
} from "@deploy/core";
import { describe, expect, it } from "vitest";
import { type EcsOptions, ec2, fargate, instance, settingsOf } from "../options.js";
import { capacities, compareCapacities } from "./compare.js";
import { estimate } from "./costs.js";

const target = {
  spec: 1,
  name: "ecs",
  credentials: {},
  containers: { capabilities: {} },
} as unknown as Target;

function environmentOf(app: Partial<AppInput> = {}): ResolvedEnvironment {
  const declared = defineApp({
    name: "shop",
    processes: { web: { command: "serve", instances: 2 }, worker: { command: "work", memory: "1 GB" } },
    addons: { db: { kind: "postgres" }, queue: { kind: "redis" } },
    ...(app as object),
    environments: { production: { target } },
  });
  return { ...resolveEnvironment(declared, "production") };
}

const monthly = (options: Partial<EcsOptions>, app: Partial<AppInput> = {}): Record<string, number> => {
  const { items } = estimate(settingsOf({ region: "us-east-1", ...options }), environmentOf(app));
  return Object.fromEntries(items.map((item) => [item.label, item.quantity * item.monthly]));
};

describe("costs on AWS", () => {
  it("counts Fargate by the size that is really taken, with addresses and the load balancer", () => {
    expect(monthly({})).toEqual({
      "web (0.25 vCPU, 0.5 GB)": 2 * 9.01,
      "worker (0.25 vCPU, 1 GB)": 10.63,
      "public IPv4 address of a task": 3 * 3.65,
      "load balancer, shared by the apps of the group": 16.43,
      "public IPv4 address of the load balancer": 2 * 3.65,
      "db: RDS db.t4g.micro": 11.68,
      "db: 20 GB of RDS storage": 2.3,
      "queue: ElastiCache cache.t4g.micro": 11.68,
    });
    const arm = monthly({ capacity: fargate({ cpuArchitecture: "arm64", spot: 1 }) });
    expect(arm["web (0.25 vCPU, 0.5 GB)"]).toBeLessThan(2 * 9.01 * 0.3);
  });

  it("has no load balancer and no database servers on one instance, which is the cheapest", () => {
    const one = monthly({ capacity: instance({ instanceType: "t4g.small" }) });
    expect(one).toEqual({
      "instance t4g.small, shared by the apps of the group": 12.26,
      "disk of 30 GB": 2.4,
      "data volume of 20 GB": 1.6,
      "public IPv4 address of an instance": 3.65,
      "db: postgres on the instance itself": 0,
      "queue: redis on the instance itself": 0,
    });
    const settings = settingsOf({ region: "us-east-1" });
    const totals = compareCapacities(settings, environmentOf()).map(([, dollars]) => Number(dollars));
    expect(totals).toHaveLength(Object.keys(capacities).length);
    expect(totals[0]).toBe(Math.min(...totals));
  });

  it("counts nothing that is not there: private tasks, workers alone, databases elsewhere, a standby twice", () => {
    const app = { processes: { worker: { command: "work" } }, addons: { db: { kind: "postgres" } } } as const;
    const lean = monthly(
      { network: { publicAddresses: false }, addons: { external: { db: "DATABASE_URL" } } },
      app,
    );
    expect(Object.keys(lean)).toEqual(["worker (0.25 vCPU, 0.5 GB)"]);
    expect(monthly({ addons: { standby: true } })["db: RDS db.t4g.micro"]).toBe(2 * 11.68);
  });

  it("says what it does not know instead of leaving it out", () => {
    const { items, notCounted } = estimate(
      settingsOf({ region: "eu-central-1", capacity: ec2({ instanceType: "m7i.large", count: 3 }) }),
      environmentOf(),
    );
    expect(items.some(({ label }) => label.includes("m7i"))).toBe(false);
    expect(notCounted.join("\n")).toMatch(/m7i\.large.*not in the table[\s\S]*eu-central-1 costs more/);
  });

  const page = fileURLToPath(new URL("../../../../docs/providers/ecs.md", import.meta.url));
  it("stands in the documentation as the code says it", () => {
    const app = { processes: { web: { command: "serve" } }, addons: { db: { kind: "postgres" } } } as const;
    const rows = compareCapacities(settingsOf({ region: "us-east-1" }), environmentOf(app));
    const lines = rows.map((cells) => `| ${[`\`${cells[0]}\``, ...cells.slice(1)].join(" | ")} |`);
    for (const line of lines) expect(readFileSync(page, "utf8")).toContain(line);
  });
});
