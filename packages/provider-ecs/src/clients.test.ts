import type { Context } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { createClients } from "./clients.js";
import { settingsOf } from "./options.js";

function context(fetch: typeof globalThis.fetch, env: Record<string, string> = {}): Context {
  return {
    signal: new AbortController().signal,
    env: { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret", ...env },
    fetch,
    clock: { now: () => 0, sleep: (ms) => (ms >= 30_000 ? new Promise(() => undefined) : Promise.resolve()) },
    directory: "/",
    log: () => undefined,
    output: () => undefined,
    shared: (_key, load) => load(),
  };
}

const clients = createClients(settingsOf({ region: "us-east-1" }));

describe("the clients", () => {
  it("sends a signed call through the context's fetch and reads the answer", async () => {
    const seen: { url: string; target: string | null; authorization: string | null }[] = [];
    const answer = await clients.send(
      context(async (url, init) => {
        const headers = new Headers(init?.headers);
        seen.push({
          url: String(url),
          target: headers.get("x-amz-target"),
          authorization: headers.get("authorization"),
        });
        return Response.json({ clusters: [{ clusterName: "one" }] });
      }),
      "ecs",
      "DescribeClusters",
      { clusters: ["one"] },
    );
    expect(answer.clusters?.[0]?.clusterName).toBe("one");
    expect(seen[0]?.url).toBe("https://ecs.us-east-1.amazonaws.com/");
    expect(seen[0]?.target).toBe("AmazonEC2ContainerServiceV20141113.DescribeClusters");
    expect(seen[0]?.authorization).toContain("Credential=AKIDEXAMPLE/");
  });
});
