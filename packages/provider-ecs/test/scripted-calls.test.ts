import { DeployError } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { describeTasks } from "../src/containers/describe.js";
import { createElementBench } from "./support/element-bench.js";
import { has } from "./support/needs.js";
import { mishaps, missingAtFirst } from "./support/truths.js";
import { useVendor } from "./support/use-vendor.js";

/*
 * What happens to calls on their way: reads are repeated, writes are not (the engine looks first), and what cannot be read
 * ends in an error of ours that says which call it was.
 */

describe.skipIf(!(await has("python")))("calls that go wrong", () => {
  const vendor = useVendor();
  const bench = () => createElementBench({ url: vendor().proxy.url });
  const read = async (): Promise<unknown> => {
    const { parts, context } = bench();
    return parts.clients.send(context(), "ecs", "DescribeClusters", { clusters: ["shop"] });
  };
  const write = async (): Promise<unknown> => {
    const { parts, context } = bench();
    return parts.clients.send(context(), "ecs", "CreateCluster", { clusterName: "shop" });
  };
  const errorOf = async (call: Promise<unknown>): Promise<DeployError> => {
    const error: unknown = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!DeployError.is(error)) throw new Error(`no DeployError but ${String(error)}`);
    return error;
  };

  it.each(Object.entries(mishaps))(
    "a read is repeated when it was %s",
    async (_name, tell) => {
      vendor().proxy.script({ on: "ecs:DescribeClusters", times: 1, tell });
      await expect(read()).resolves.toMatchObject({ $metadata: { httpStatusCode: 200 } });
      expect(vendor().proxy.names).toEqual(["ecs:DescribeClusters", "ecs:DescribeClusters"]);
    },
    30_000,
  );

  it("a write that was throttled is repeated: it was not done", async () => {
    vendor().proxy.script({ on: "ecs:CreateCluster", times: 2, tell: mishaps.throttled });
    await write();
    expect(vendor().proxy.names).toEqual(["ecs:CreateCluster", "ecs:CreateCluster", "ecs:CreateCluster"]);
  }, 30_000);

  it.each(["failed", "lostBefore", "lostAfter", "truncated", "notJson"] as const)(
    "a write is not repeated when it was %s, and the error says which call",
    async (name) => {
      vendor().proxy.script({ on: "ecs:CreateCluster", times: 1, tell: mishaps[name] });
      const error = await errorOf(write());
      expect(vendor().proxy.names).toEqual(["ecs:CreateCluster"]);
      expect(error.message).toMatch(/CreateCluster|ECS/i);
      expect(error.hint).not.toBe("");
    },
    30_000,
  );

  it("gives up on a read that fails for ever, with an error of ours", async () => {
    vendor().proxy.script({ on: "ecs:DescribeClusters", tell: mishaps.notJson });
    const error = await errorOf(read());
    expect(error.retryable).toBe(true);
    expect(vendor().proxy.names.length).toBeGreaterThan(1);
    expect(vendor().proxy.names.length).toBeLessThan(12);
  }, 60_000);

  it("refuses with the permission that is missing", async () => {
    vendor().proxy.script({
      on: "ecs:CreateCluster",
      tell: {
        error: "AccessDeniedException",
        message:
          "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ecs:CreateCluster on resource: * because no identity-based policy allows the ecs:CreateCluster action",
      },
    });
    const error = await errorOf(write());
    expect(`${error.message} ${error.hint}`).toContain("ecs:CreateCluster");
    expect(vendor().proxy.names).toEqual(["ecs:CreateCluster"]);
  });

  it("says that credentials have expired", async () => {
    vendor().proxy.script({
      on: "ecs:DescribeClusters",
      tell: {
        error: "ExpiredTokenException",
        message: "The security token included in the request is expired",
      },
    });
    const error = await errorOf(read());
    expect(error.code).toMatch(/auth|credential/);
    expect(`${error.message} ${error.hint}`).toMatch(/expired/i);
  });

  it("reads tasks that are not known yet as none", async () => {
    vendor().proxy.script(missingAtFirst({ times: 1 }));
    const { parts, context } = bench();
    const arn = "arn:aws:ecs:us-east-1:123456789012:task/shop/00000000000000000000000000000000";
    expect(await describeTasks(parts, context(), "shop", [arn])).toEqual([]);
  });
});
