import { hostname } from "node:os";
import type { LeaseHolder } from "@deploy/core";
import { beforeEach, describe, expect, it } from "vitest";
import { has } from "../test/support/needs.js";
import { createServersBench, type ServersBench, shop } from "../test/support/servers-bench.js";
import { useVendor } from "../test/support/use-vendor.js";
import { createLease } from "./lease.js";

const holderOf = (name: string): LeaseHolder => ({
  name,
  since: "2026-01-01T00:00:00.000Z",
  operation: "up",
});
const alive = `maria on ${hostname()}, process ${process.pid}`;

describe.skipIf(!(await has("python")))("the deploy lock", () => {
  const vendor = useVendor();
  let bench: ServersBench;

  beforeEach(async () => {
    await vendor().reset();
    bench = createServersBench(vendor());
  });

  it("of eight who take it at once one gets it, and the others are told who", async () => {
    const lease = createLease(bench.parts);
    const names = Array.from({ length: 8 }, (_one, index) => `runner-${index} on elsewhere, process 1`);
    const answers = await Promise.all(
      names.map((name) => lease.acquire(bench.context(), shop, holderOf(name))),
    );
    const granted = answers.flatMap((answer) => ("granted" in answer ? [answer.granted] : []));
    expect(granted).toHaveLength(1);
    const told = new Set(answers.flatMap((answer) => ("holder" in answer ? [answer.holder.name] : [])));
    expect(told.size).toBe(1);
    await granted[0]?.check();
    await granted[0]?.release();
    expect(await lease.holder(bench.context(), shop)).toBeUndefined();
  });

  it("a grant that was broken is lost, even where the same process holds the next one, and gives nothing back", async () => {
    const lease = createLease(bench.parts);
    const first = await lease.acquire(bench.context(), shop, holderOf(alive));
    await lease.break(bench.context(), shop);
    const second = await lease.acquire(bench.context(), shop, holderOf(alive));
    if (!("granted" in first) || !("granted" in second)) throw new Error("not granted");
    await expect(first.granted.check()).rejects.toMatchObject({ code: "lease.lost" });
    await first.granted.release();
    await second.granted.check();
  });

  it("what a process of this machine held that is gone is taken over; what another machine's holds is not", async () => {
    const lease = createLease(bench.parts);
    const gone = `maria on ${hostname()}, process 4194305`;
    await lease.acquire(bench.context(), shop, holderOf(gone));
    expect(await lease.acquire(bench.context(), shop, holderOf(alive))).toHaveProperty("granted");
    await lease.break(bench.context(), shop);
    await lease.acquire(bench.context(), shop, holderOf("maria on elsewhere, process 4194305"));
    expect(await lease.acquire(bench.context(), shop, holderOf(alive))).toMatchObject({
      holder: { name: "maria on elsewhere, process 4194305" },
    });
  });

  it("what nobody has renewed for an hour is taken over", async () => {
    const lease = createLease(bench.parts);
    await lease.acquire(bench.context(), shop, holderOf("maria on elsewhere, process 1"));
    const { clock } = bench.context();
    const later = { ...bench.context(), clock: { ...clock, now: () => Date.now() + 61 * 60_000 } };
    expect(await lease.acquire(later, shop, holderOf(alive))).toHaveProperty("granted");
  });
});
