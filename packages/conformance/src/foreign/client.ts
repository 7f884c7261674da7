import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  type AnyResource,
  applyPlan,
  type Clock,
  type Context,
  createDeployer,
  DeployError,
  type Deployer,
  type DnsProvider,
  defineApp,
  dnsRecord,
  ownedRecords,
  type Provider,
  preparePlan,
  type Scope,
  systemClock,
} from "@deploy/core";
import { referenceProvider } from "../reference/provider.js";
import type { Order, Outcome } from "./messages.js";

/** The app of the runs by core's nodes alone. */
const scope: Scope = { app: "shop", environment: "nodes" };

/** Time that runs `pace` times as fast, but for time limits: a busy machine is not a silent vendor. */
function quickClock(pace: number): Clock {
  const began = systemClock.now();
  return {
    now: () => began + (systemClock.now() - began) * pace,
    sleep: (milliseconds, signal) =>
      systemClock.sleep(milliseconds >= 30_000 ? milliseconds : milliseconds / pace, signal),
  };
}

/**
 * The process that is killed in runs among foreign records: does what each line of its standard input says, and says in
 * a line what came of it. Nothing but the DNS vendor outlives it; everything else of the app is in its memory.
 *
 * @example
 * ```ts
 * serveForeignClient(() => cloudflare());
 * ```
 */
export function serveForeignClient(
  provider: () => DnsProvider,
  options: {
    /** How much faster time runs, where a vendor's pauses and rates would only cost time here. Default 10. */
    readonly pace?: number;
  } = {},
): void {
  const clock = quickClock(options.pace ?? 10);
  const dns = provider();
  const target = referenceProvider({ name: "memory" });
  const directory = mkdtempSync(join(tmpdir(), "deploy-foreign-"));
  writeFileSync(join(directory, "app.txt"), "hello\n");
  const deployer = (domains: Extract<Order, { verb: "up" }>["domains"]): Deployer =>
    createDeployer(
      defineApp({
        name: "shop",
        build: { command: "make" },
        processes: { web: { command: "serve", health: "/healthz" } },
        environments: { production: { target, dns, domains } },
      }),
      { environment: "production", directory, clock },
    );
  const context: Omit<Context, "log" | "output" | "shared"> = {
    signal: new AbortController().signal,
    env: process.env,
    fetch,
    clock,
    directory,
  };
  const pruned: Provider = { ...dns, owned: (asked, of) => ownedRecords(dns, asked, of) };
  const prepare = (records: Extract<Order, { verb: "apply" }>["records"]) =>
    preparePlan({
      operation: "up",
      scope,
      providers: [pruned],
      context,
      resources: records.map(
        (record) =>
          dnsRecord(dns, scope, `${record.name}/${record.type}`, record.name, record) as AnyResource,
      ),
      prune: true,
      options: { force: true },
    });

  const obey = async (order: Order): Promise<Outcome> => {
    switch (order.verb) {
      case "up": {
        const said: string[] = [];
        const operation = deployer(order.domains).up({ force: true });
        for await (const { message } of operation) said.push(message);
        await operation;
        return { ok: true, said: said.join("\n") };
      }
      case "down": {
        const { left } = await deployer({ "www.example.test": "web" }).down({ confirm: "shop" });
        return { ok: left.length === 0, said: left.join("\n") };
      }
      case "apply":
        await applyPlan(await prepare(order.records));
        return { ok: true, said: "" };
      case "plan": {
        const { of } = order;
        const plan = of.verb === "up" ? await deployer(of.domains).plan() : (await prepare(of.records)).plan;
        const changes = plan.changes.filter(({ element }) => element === "dns");
        return { ok: true, changes: changes.map(({ verb, label }) => `${verb} ${label}`), said: "" };
      }
      case "restore": {
        const whole: Context = {
          ...context,
          log: () => undefined,
          output: () => undefined,
          shared: (_key, load) => load(),
        };
        await dns.dns.restore?.(whole, order.zone, order.copy);
        return { ok: true, said: "" };
      }
    }
  };

  createInterface({ input: process.stdin }).on("line", (line) => {
    const work = async (): Promise<Outcome> => obey(JSON.parse(line) as Order);
    work()
      .catch((thrown: unknown) => failureOf(thrown))
      .then((outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`));
  });
}

function failureOf(thrown: unknown): Outcome {
  if (!DeployError.is(thrown)) {
    return {
      ok: false,
      code: "internal",
      said: thrown instanceof Error ? String(thrown.stack) : String(thrown),
    };
  }
  const problems = (thrown.problems ?? []).map(({ message }) => message);
  const also = JSON.stringify(thrown.details ?? {});
  return { ok: false, code: thrown.code, said: [thrown.message, thrown.hint, ...problems, also].join("\n") };
}
