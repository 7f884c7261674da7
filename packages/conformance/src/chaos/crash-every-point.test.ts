import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runClient } from "./client-process.js";
import { type CrashOptions, crashEveryPoint } from "./crash-every-point.js";
import { describeReport } from "./crash-report.js";
import { createFaultProxy, type FaultProxy } from "./fault-proxy.js";
import { startVendor, type Vendor } from "./testing/vendor.js";

const client = fileURLToPath(new URL("./testing/client.mjs", import.meta.url));
const foreign = { name: "theirs", size: 7, tags: { owner: "somebody" } };
const mine = { owner: "me" };

let directory: string;
let vendor: Vendor;
let proxy: FaultProxy;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "deploy-chaos-"));
  vendor = await startVendor();
  proxy = await createFaultProxy({ target: vendor.endpoint });
});

afterEach(async () => {
  await proxy.close();
  await vendor.close();
  rmSync(directory, { recursive: true, force: true });
});

type Owner = { readonly owner?: string };

/** Reading a bundle of certificates would be most of a small client's life. */
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

/** A crash test of one of the clients: it has to change alpha, make beta and delete gamma. */
function crashTest(how: "right" | "hasty" | "careless"): CrashOptions<unknown> {
  const memory = join(directory, "memory.json");
  const ownedBy = (isMine: boolean) => () =>
    vendor.picture().filter(({ tags }) => ((tags as Owner).owner === "me") === isMine);
  return {
    proxy,
    start: (endpoint, killed) => {
      const place = endpoint instanceof URL ? endpoint.href : endpoint.socketPath;
      return runClient([process.execPath, client, place, how, memory], { killed, env });
    },
    observe: async () => ownedBy(true)(),
    observeForeign: async () => ownedBy(false)(),
    async reset() {
      writeFileSync(memory, '["alpha"]');
      vendor.hold([foreign, { name: "alpha", size: 1, tags: mine }, { name: "gamma", size: 1, tags: mine }]);
    },
    settleMs: 300,
  };
}

describe("crashEveryPoint", () => {
  it("finds that a right client converges from every point and every fault", async () => {
    const faults = [
      "kill-before",
      "kill-during",
      "kill-after",
      "reset-before",
      "reset-after",
      "error-500",
      "error-503-after",
      "throttle",
      "truncate",
    ] as const;
    const lines: string[] = [];
    const report = await crashEveryPoint({
      ...crashTest("right"),
      faults,
      progress: (line) => lines.push(line),
    });
    expect(describeReport(report)).toContain("27 of 27 points converged (27 known, 3 mutating calls)");
    expect(report.ok).toBe(true);
    expect(report.mutations).toEqual(["PUT /things/*", "POST /things", "DELETE /things/*"]);
    expect(lines).toHaveLength(28);
    for (const { fault, exitCode, reruns } of report.points) {
      // A truncated answer to DELETE has no body that could be cut: the client may not notice.
      if (fault === "truncate") continue;
      expect(exitCode, fault).toBe(fault.startsWith("kill") ? null : 1);
      expect(reruns).toBe(1);
    }
  }, 60_000);

  it("catches a client that creates again what it did not hear of", async () => {
    const report = await crashEveryPoint(crashTest("hasty"));
    expect(report.ok).toBe(false);
    const failed = report.points.filter((point) => !point.converged);
    expect(failed.map(({ label, fault }) => `${fault} ${label}`)).toEqual([
      "kill-after POST /things",
      "kill-before DELETE /things/*",
      "kill-after DELETE /things/*",
    ]);
    expect(failed[0]?.differences).toEqual(['2: absent → {"name":"beta","size":1,"tags":{"owner":"me"}}']);
    expect(describeReport(report)).toContain("DIVERGED: kill-after at POST /things (killed, 1 more");
  });

  it("catches a client that touches what is not its own", async () => {
    const report = await crashEveryPoint({ ...crashTest("careless"), faults: ["kill-before"] });
    expect(report.ok).toBe(false);
    expect(report.points.at(-1)?.differences).toEqual([]);
    expect(report.points.at(-1)?.foreignDifferences[0]).toMatch(/^0: .*theirs.* → absent$/);
  });

  it("works on unix sockets on both sides", async () => {
    await proxy.close();
    await vendor.close();
    vendor = await startVendor({ socketPath: join(directory, "vendor.sock") });
    proxy = await createFaultProxy({
      target: vendor.endpoint,
      listen: { socketPath: join(directory, "proxy.sock") },
    });
    const report = await crashEveryPoint(crashTest("right"));
    expect(describeReport(report)).toContain("6 of 6 points converged");
    expect(report.ok).toBe(true);
  });

  it("tries a sample that its seed decides", async () => {
    const tried = async (seed: number): Promise<string[]> => {
      const report = await crashEveryPoint({ ...crashTest("right"), sample: { count: 2, seed } });
      expect(report.known).toBe(6);
      return report.points.map(({ label, fault }) => `${fault} ${label}`);
    };
    const first = await tried(1);
    expect(first).toHaveLength(2);
    expect(await tried(1)).toEqual(first);
    expect(await tried(4)).not.toEqual(first);
  });

  it("does not count a point that was never reached", async () => {
    let runs = 0;
    const report = await crashEveryPoint({
      ...crashTest("right"),
      label: (call) => (call.number === 1 ? call.method : `${call.method} in run ${runs}`),
      async reset() {
        runs += 1;
        await crashTest("right").reset();
      },
      faults: ["kill-before"],
    });
    expect(report.ok).toBe(false);
    expect(report.points.every(({ reached, converged }) => !reached && !converged)).toBe(true);
    expect(describeReport(report)).toContain("never reached");
  });

  it("does not take a client that lives on for a killed one", async () => {
    const test = crashTest("right");
    const report = await crashEveryPoint({
      ...test,
      start: (endpoint) => test.start(endpoint, new AbortController().signal),
      faults: ["kill-before"],
      sample: { count: 1, seed: 1 },
    });
    expect(report.ok).toBe(false);
    expect(report.points[0]?.problem).toContain("was to be killed and was not");
  });

  it("refuses an undisturbed run that fails or changes nothing", async () => {
    const test = crashTest("right");
    const nothing = { ...test, start: () => runClient([process.execPath, "-e", "0"]) };
    await expect(crashEveryPoint(nothing)).rejects.toThrow("made no mutating call");
    const failing = {
      ...test,
      start: () => runClient([process.execPath, "-e", "console.log('no luck'); process.exit(3)"]),
    };
    await expect(crashEveryPoint(failing)).rejects.toThrow("The undisturbed run failed (exit 3): no luck");
  });

  it("kills a run that does not end, and says so", async () => {
    const test = crashTest("right");
    const endless = {
      ...test,
      start: (_: unknown, killed: AbortSignal) =>
        runClient([process.execPath, "-e", "setInterval(() => {}, 1000)"], { killed }),
      timeoutMs: 300,
    };
    await expect(crashEveryPoint(endless)).rejects.toThrow("not over after 0.3 s");
  });

  it("leaves nothing in the client's memory file that a killed run did not write", async () => {
    const test = crashTest("right");
    await test.reset();
    const killed = new AbortController();
    proxy.plan({ at: { mutation: 2 }, fault: { kind: "kill", when: "after", kill: () => killed.abort() } });
    const end = await test.start(proxy.address, killed.signal);
    expect(end.code).toBe(null);
    expect(readFileSync(join(directory, "memory.json"), "utf8")).toBe('["alpha"]');
    expect(vendor.picture().map(({ name }) => name)).toEqual(["alpha", "beta", "gamma", "theirs"]);
  });
});
