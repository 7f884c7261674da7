import type { Context } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { createClients } from "./clients.js";
import { settingsOf } from "./options.js";

function context(fetch: typeof globalThis.fetch, env: Record<string, string> = {}): Context {
  let now = 0;
  return {
    signal: new AbortController().signal,
    env: { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret", ...env },
    fetch,
    clock: {
      now: () => now,
      sleep: async (ms) => {
        // Time limits never pass; pauses pass at once.
        if (ms >= 30_000) return new Promise(() => undefined);
        now += ms;
      },
    },
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

  it("repeats a read after a 500, a reset and a body that is cut short, and gives up after four", async () => {
    const answers = [
      () => new Response("<html>", { status: 200, headers: { "content-type": "text/html" } }),
      () => new Response(JSON.stringify({ __type: "ServerException", message: "down" }), { status: 500 }),
      () => {
        throw Object.assign(new TypeError("fetch failed"), {
          cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }),
        });
      },
      () => Response.json({ clusters: [] }),
    ];
    let calls = 0;
    const answering: typeof fetch = async () => answers[calls++ % 4]!();
    expect(await clients.send(context(answering), "ecs", "DescribeClusters", {})).toMatchObject({
      clusters: [],
    });
    calls = 0;
    const down: typeof fetch = async () => {
      calls += 1;
      return new Response("secret-in-the-body", { status: 502 });
    };
    const error = await clients
      .send(context(down), "ecs", "DescribeClusters", {})
      .catch((thrown: unknown) => thrown);
    expect(calls).toBe(4);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^ecs\.(bad-answer|unavailable)$/),
      retryable: true,
    });
    expect(JSON.stringify(error) + String((error as Error).cause)).not.toContain("secret-in-the-body");
  });

  it("never repeats a write whose answer was lost, unless it says that it may be", async () => {
    let calls = 0;
    const reset: typeof fetch = async () => {
      calls += 1;
      throw Object.assign(new TypeError("fetch failed"), {
        cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }),
      });
    };
    await expect(clients.send(context(reset), "ecs", "CreateCluster", {})).rejects.toMatchObject({
      code: "ecs.unreachable",
      retryable: true,
    });
    expect(calls).toBe(1);
    await expect(
      clients.send(context(reset), "ecs", "CreateCluster", {}, { repeatable: true }),
    ).rejects.toMatchObject({ code: "ecs.unreachable" });
    expect(calls).toBe(5);
  });

  it("repeats a write that AWS refused for its rate, because it was not done", async () => {
    let calls = 0;
    const throttling: typeof fetch = async () => {
      calls += 1;
      return calls < 3
        ? new Response(JSON.stringify({ __type: "ThrottlingException", message: "Rate exceeded" }), {
            status: 400,
          })
        : Response.json({ cluster: { clusterName: "one" } });
    };
    const answer = await clients.send(context(throttling), "ecs", "CreateCluster", { clusterName: "one" });
    expect(answer.cluster?.clusterName).toBe("one");
    expect(calls).toBe(3);
  });

  it.each([
    ["AccessDeniedException", 400, "ecs.forbidden"],
    ["ExpiredTokenException", 400, "credentials.expired"],
    ["UnrecognizedClientException", 400, "credentials.refused"],
    ["ClusterNotFoundException", 400, "ecs.not-found"],
    ["LimitExceededException", 400, "ecs.quota-reached"],
    ["InvalidParameterException", 400, "ecs.refused"],
    ["ServerException", 500, "ecs.unavailable"],
  ])("says what %s means", async (name, status, code) => {
    const message =
      "User: arn:aws:iam::123456789012:user/maria is not authorized to perform: ecs:CreateCluster on resource: arn:aws:ecs:us-east-1:123456789012:cluster/one because no identity-based policy allows the ecs:CreateCluster action";
    const answer: typeof fetch = async () =>
      new Response(JSON.stringify({ __type: name, message }), { status });
    const error = await clients
      .send(context(answer), "ecs", "CreateCluster", {})
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, details: { awsCode: name } });
    if (code === "ecs.forbidden") {
      expect((error as Error).message).toBe(
        "arn:aws:iam::123456789012:user/maria may not do ecs:CreateCluster on arn:aws:ecs:us-east-1:123456789012:cluster/one.",
      );
    }
  });

  it("leaves out AWS's message where the input holds a secret", async () => {
    const answer: typeof fetch = async () =>
      new Response(JSON.stringify({ __type: "ValidationException", message: "hunter2 is too short" }), {
        status: 400,
      });
    const input = { Name: "/a", Value: "hunter2", Type: "SecureString" } as const;
    const error = await clients
      .send(context(answer), "ssm", "PutParameter", input, { private: true })
      .catch((thrown: unknown) => thrown as Error);
    expect(JSON.stringify(error) + String(error) + String((error as Error).cause)).not.toContain("hunter2");
  });

  it("asks nothing under an aborted signal, and nobody without credentials", async () => {
    let calls = 0;
    const counting: typeof fetch = async () => {
      calls += 1;
      return Response.json({});
    };
    const aborted = { ...context(counting), signal: AbortSignal.abort() };
    await expect(clients.send(aborted, "ecs", "DescribeClusters", {})).rejects.toMatchObject({
      code: "run.cancelled",
    });
    const nobody = { ...context(counting), env: { AWS_PROFILE: "nobody-of-this-name" } };
    await expect(clients.send(nobody, "ecs", "DescribeClusters", {})).rejects.toMatchObject({
      code: "credentials.missing",
    });
    expect(calls).toBe(0);
  });

  it("changes nothing in another account than the one that is named", async () => {
    const seen: string[] = [];
    const answer: typeof fetch = async (_url, init) => {
      const body = String(init?.body);
      seen.push(/Action=(\w+)/.exec(body)?.[1] ?? new Headers(init?.headers).get("x-amz-target") ?? "?");
      return new Response(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::210987654321:user/maria</Arn><Account>210987654321</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        { headers: { "content-type": "text/xml" } },
      );
    };
    const guarded = createClients(settingsOf({ region: "us-east-1", account: "123456789012" }));
    await expect(guarded.send(context(answer), "ecs", "CreateCluster", {})).rejects.toMatchObject({
      code: "account.mismatch",
    });
    expect(seen).toEqual(["GetCallerIdentity"]);
  });

  it("keeps to AWS's rates: task definitions in bursts of 18 where 20 are allowed, then one a second", async () => {
    let now = 0;
    const at: number[] = [];
    const waiting: { readonly until: number; readonly wake: () => void }[] = [];
    const clock = {
      now: () => now,
      sleep: (ms: number) =>
        ms >= 30_000
          ? new Promise<void>(() => undefined)
          : new Promise<void>((wake) => void waiting.push({ until: now + ms, wake })),
    };
    const registering: typeof fetch = async () => {
      at.push(now);
      return Response.json({ taskDefinition: {} });
    };
    const calls = Array.from({ length: 25 }, () =>
      clients.send({ ...context(registering), clock }, "ecs", "RegisterTaskDefinition", {
        family: "one",
        containerDefinitions: [],
      }),
    );
    const all = Promise.all(calls);
    let done = false;
    void all.then(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const next = waiting.sort((a, b) => a.until - b.until).shift();
      if (next === undefined) continue;
      now = Math.max(now, next.until);
      next.wake();
    }
    expect(at.filter((time) => time === 0)).toHaveLength(18);
    expect(at.slice(18).map((time) => Math.round(time / 1000))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});
