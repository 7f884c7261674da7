import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startMinistack, startMoto } from "./support/emulators.js";
import { has } from "./support/needs.js";

const hasPython = await has("python");

describe.skipIf(!hasPython).each(["moto", "ministack"] as const)("%s", (kind) => {
  let emulator: Emulator;

  beforeAll(async () => {
    emulator = await (kind === "moto" ? startMoto() : startMinistack({ docker: false }));
  }, 300_000);
  afterAll(async () => emulator?.stop());

  const ecs = async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(emulator.url, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AmazonEC2ContainerServiceV20141113.${operation}`,
        authorization:
          "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0",
      },
      body: JSON.stringify(input),
    });
    return (await answer.json()) as Record<string, unknown>;
  };

  it("holds what it is given until it is reset", async () => {
    await ecs("CreateCluster", { clusterName: "shop" });
    expect((await ecs("ListClusters", {})).clusterArns).toHaveLength(1);
    await emulator.reset();
    expect((await ecs("ListClusters", {})).clusterArns).toHaveLength(0);
  });
});
