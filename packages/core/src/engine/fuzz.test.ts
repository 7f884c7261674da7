import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { redact } from "../redacted.js";
import { applyPlan } from "./apply-plan.js";
import type { DeployEvent } from "./events.js";
import { output } from "./out.js";
import { assertFresh } from "./stale-plan.js";
import { createVendor, lostAnswer, type Vendor } from "./testing/fake-vendor.js";
import { planOf, removalOf, testContext, up } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const clock = createVirtualClock();
const secret = "correct-horse-battery";

interface Shape {
  readonly data: readonly number[];
  readonly after: readonly number[];
  readonly readyAfter: number;
  readonly renews: boolean;
  readonly secret: boolean;
  readonly value: unknown;
}

const shapes: fc.Arbitrary<readonly Shape[]> = fc.array(
  fc.record({
    data: fc.array(fc.nat(), { maxLength: 3 }),
    after: fc.array(fc.nat(), { maxLength: 2 }),
    readyAfter: fc.constantFrom(0, 0, 0, 3_000),
    renews: fc.boolean(),
    secret: fc.boolean(),
    value: fc.jsonValue({ maxDepth: 2 }),
  }),
  { minLength: 1, maxLength: 25 },
);

/** Resources of these shapes; each depends only on earlier ones, so that there is no cycle. */
function build(vendor: Vendor, all: readonly Shape[], version = 0) {
  const made: ReturnType<Vendor["resource"]>[] = [];
  all.forEach((shape, index) => {
    const pick = (list: readonly number[]) => (index === 0 ? [] : list.map((n) => made[n % index]!));
    made.push(
      vendor.resource(
        `n${index}`,
        {
          sources: pick(shape.data).map((source) => ({ arn: output(source, (it) => it.arn) })),
          value: shape.value,
          version: shape.renews ? version : 0,
          ...(shape.secret ? { password: redact(secret) } : {}),
        },
        {
          after: pick(shape.after),
          readyAfter: shape.readyAfter,
          ...(shape.renews ? { renews: true as const } : {}),
        },
      ),
    );
  });
  return made;
}

/** The longest way through the graph, in calls of 50 ms. */
function longestWay(all: readonly Shape[]): number {
  const lengths: number[] = [];
  all.forEach((shape, index) => {
    const before = index === 0 ? [] : [...shape.data, ...shape.after].map((n) => lengths[n % index]!);
    lengths.push(1 + Math.max(0, ...before));
  });
  return Math.max(...lengths);
}

describe("any graph", () => {
  it("is applied, in time, and the next plan is empty; then it is removed", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (all) => {
        const vendor = createVendor({ clock });
        const quick = all.map((shape) => ({ ...shape, readyAfter: 0 }));
        const input = { clock, providers: [vendor.provider], resources: build(vendor, quick) };
        const prepared = await planOf(input);
        const started = clock.now();
        await applyPlan(prepared);
        const calls = Math.max(longestWay(quick), Math.ceil(all.length / 16));
        // Greedy scheduling is at most the longest way and the work away from the best there is.
        expect(clock.now() - started).toBeLessThanOrEqual(50 * (calls + Math.ceil(all.length / 16)));
        expect((await planOf(input)).plan.changes).toEqual([]);
        for (const version of [1, 2]) {
          const changed = { ...input, resources: build(vendor, all, version) };
          await up(changed);
          expect((await planOf(changed)).plan.changes).toEqual([]);
        }
        await applyPlan(await removalOf(clock, [vendor.provider]));
        expect(vendor.things.size).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("converges whatever fails, never twice the same write that took effect, and no secret gets out", async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.array(fc.constantFrom("", "", "", "lost"), { maxLength: 40 }),
        fc.array(fc.constantFrom("", "", "", "lost", "refused"), { maxLength: 60 }),
        async (all, onReads, onWrites) => {
          const faults = { read: [] as string[], write: [] as string[] };
          const created: string[] = [];
          const vendor = createVendor({
            clock,
            disturb: ({ verb, id, phase }) => {
              if (verb === "create" && phase === "after") created.push(id);
              const fault = verb === "owned" ? "" : faults[verb === "read" ? "read" : "write"].pop();
              if (fault === "lost") throw lostAnswer();
              if (fault === "refused") {
                throw new DeployError({
                  code: "acme.refused",
                  message: `"${secret}" is not accepted.`,
                  cause: new Error(secret),
                  details: { sent: [secret] },
                });
              }
            },
          });
          const input = {
            clock,
            providers: [vendor.provider],
            resources: build(vendor, [{ ...all[0]!, secret: true }, ...all.slice(1)]),
          };
          const said: DeployEvent[] = [];
          const emit = (event: DeployEvent): number => said.push(event);
          const errors: DeployError[] = [];
          const saved = await planOf(input);
          faults.read.push(...onReads);
          faults.write.push(...onWrites);
          for (let run = 0; ; run += 1) {
            const prepared = await planOf({ ...input, emit }).catch(() => undefined);
            if (prepared === undefined) continue;
            assertFresh(saved.plan, prepared.plan);
            expect(JSON.stringify(prepared.plan)).not.toContain(secret);
            if (prepared.plan.changes.length === 0) break;
            expect(run).toBeLessThan(100);
            await applyPlan(prepared, { emit }).catch((error) => errors.push(error));
          }
          expect(new Set(created).size).toBe(created.length);
          expect(JSON.stringify(said)).not.toContain(secret);
          for (const error of errors) {
            expect(DeployError.is(error)).toBe(true);
            expect(JSON.stringify(error)).not.toContain(secret);
            for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
              expect(`${cause.message} ${cause.stack}`).not.toContain(secret);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("stops when it is cancelled at any time, and is finished by running it again", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 2_000 }), async (all, after) => {
        const vendor = createVendor({ clock });
        const input = { clock, providers: [vendor.provider], resources: build(vendor, all) };
        const stop = new AbortController();
        const prepared = await planOf({ ...input, context: testContext(clock) });
        void clock.sleep(after).then(() => stop.abort());
        let ended: DeployError | undefined;
        await applyPlan(prepared, { signal: stop.signal }).catch((error) => {
          ended = error;
        });
        if (ended !== undefined) expect(ended.code).toBe("run.cancelled");
        const inFlight = vendor.calls.length;
        await clock.sleep(10_000);
        expect(vendor.calls.length).toBe(inFlight);
        await up(input);
        expect((await planOf(input)).plan.changes).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
