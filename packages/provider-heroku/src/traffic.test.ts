import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AnyResource, type Certificate, type Ingress, UNKNOWN } from "@deploy/core";
import { makeCertificate } from "@deploy/heroku-double";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, createBench } from "../test/bench.js";
import type { HerokuOptions } from "./options.js";

let bench: Bench;

beforeEach(async () => {
  bench = await createBench({ delays: { domainTarget: 20, certificateStep: 5 } });
});
afterEach(async () => {
  expect(bench.double.violations).toEqual([]);
  expect(bench.double.failures).toEqual([]);
  await bench.double.close();
});

const app = () => bench.double.state.apps.find(({ name }) => name === "shop-staging");
const failureOf = (work: () => Promise<unknown>): Promise<unknown> =>
  work().then(
    () => undefined,
    (error: unknown) => error,
  );

/** Traffic as core composes it: the certificate, and routes which know of it. */
function traffic(hosts: readonly string[], options: HerokuOptions = {}) {
  const provider = bench.provider(options);
  const prove = (): AnyResource => {
    throw new Error("nothing has to be proved by a record");
  };
  const certificate: Certificate = provider.certificates.certificate(bench.scope, hosts, prove);
  const routes: ReturnType<Ingress["routes"]> = provider.ingress.routes(
    bench.scope,
    hosts.map((host) => ({ host, process: "web" })),
    { certificate, after: [] },
  );
  return { ...routes, certificate, all: [...certificate.resources, ...routes.resources, certificate.issued] };
}

describe("domains with automated certificates", () => {
  it("tell how their certificates are, and why one is not issued", async () => {
    const { all } = traffic(["shop.example.org"]);
    await bench.apply(all);
    const state = () => bench.provider().certificates.status!(bench.context(), bench.scope);
    const renewal = expect.stringContaining("a month before");
    expect(await state()).toEqual([
      { hosts: ["shop.example.org"], issuer: "Let's Encrypt", state: "issued", renewal },
    ]);
    const domain = app()!.domains.find(({ kind }) => kind === "custom")!;
    Object.assign(domain, { acmStatus: "failing", acmReason: "CDN not returning HTTP challenge" });
    expect(await state()).toMatchObject([
      { state: "pending", problem: expect.stringMatching(/CDN not returning.*since .*has to point to/) },
    ]);
    Object.assign(domain, { acmStatus: "failed", acmReason: null });
    expect(await state()).toMatchObject([
      { state: "failed", problem: expect.stringContaining("gives no reason") },
    ]);
  });

  it("have a DNS target that stays, a certificate, and nothing to do in a second plan", async () => {
    const { all, endpoints, url } = traffic(["shop.example.org", "www.shop.example.org"]);
    const applied = await bench.apply(all);
    const endpoint = endpoints["shop.example.org"];
    const target =
      endpoint?.kind === "hostname" && typeof endpoint.host !== "string"
        ? applied.resolve(endpoint.host)
        : UNKNOWN;
    const found = app()?.domains.find(({ hostname }) => hostname === "shop.example.org");
    expect(target).toBe(found?.cname);
    expect(target).toMatch(/herokudns\.com$/);
    expect(found?.acmStatus).toBe("cert issued");
    expect(applied.resolve(url)).toBe(app()?.webUrl);
    expect(
      (await bench.plan(traffic(["shop.example.org", "www.shop.example.org"]).all)).plan.changes,
    ).toEqual([]);
  });

  it("say for each host what they wait for, and what its DNS has to say", async () => {
    const states = [{ status: "failing", reason: "CNAME not found" }];
    bench.double.scripts.certificates.push({ hostname: "shop.example.org", states });
    const { resources, all } = traffic(["shop.example.org"]);
    await bench.apply(resources);
    const { plan } = await bench.plan(all);
    expect(plan.blocks).toEqual([]);
    expect(plan.changes).toMatchObject([{ action: "wait" }]);
    const target = app()?.domains.find(({ kind }) => kind === "custom")?.cname;
    expect(plan.changes[0]?.reason).toBe(
      `shop.example.org: CNAME not found (its DNS has to point to ${target})`,
    );
  });

  it("that fail for good fail the run with Heroku's reason, and what DNS has to say", async () => {
    bench.double.scripts.certificates.push({
      hostname: "shop.example.org",
      states: [{ status: "failed", reason: "CAA record forbids it" }],
    });
    const error = await failureOf(() => bench.apply(traffic(["shop.example.org"]).all));
    expect(error).toMatchObject({ code: "certificates.failed" });
    expect(String(error)).toContain("CAA record forbids it");
  });

  it("claimed by another app are refused with its name and a way out", async () => {
    bench.double.scripts.claimedHostnames.push("shop.example.org");
    const error = await failureOf(() => bench.apply(traffic(["shop.example.org"]).all));
    expect(error).toMatchObject({
      code: "ingress.domain-claimed",
      hint: expect.stringContaining("domains:remove"),
    });
  });

  it("whose creation lost its answer are there once", async () => {
    bench.double.faults.set({ method: "POST", path: "/apps/{app}/domains", does: { kind: "lost" } });
    await bench.apply(traffic(["shop.example.org"]).all);
    expect(app()?.domains.filter(({ kind }) => kind === "custom")).toHaveLength(1);
  });

  it("are refused for wildcards, and for any process but web", () => {
    expect(() => traffic(["*.shop.example.org"])).toThrow(
      expect.objectContaining({ code: "certificates.no-wildcards" }),
    );
    const routes = () =>
      bench
        .provider()
        .ingress.routes(bench.scope, [{ host: "a.example.org", process: "worker" }], { after: [] });
    expect(routes).toThrow(expect.objectContaining({ code: "ingress.only-web" }));
  });

  it("that are no longer wanted are seen by any plan, and removed", async () => {
    await bench.apply(traffic(["one.example.org", "two.example.org"]).all);
    const { plan } = await bench.plan(traffic(["one.example.org"]).all);
    expect(plan.changes.find(({ label }) => label === "routes")).toMatchObject({
      action: "update",
      fields: [{ path: "two.example.org", from: "present", to: "absent" }],
    });
    await bench.apply(traffic(["one.example.org"]).all);
    const hosts = app()
      ?.domains.filter(({ kind }) => kind === "custom")
      .map(({ hostname }) => hostname);
    expect(hosts).toEqual(["one.example.org"]);
    expect((await bench.plan(traffic(["one.example.org"]).all, { prune: true })).plan.changes).toEqual([]);
  });

  it("are gone after down", async () => {
    await bench.apply(traffic(["one.example.org"]).all);
    expect(await bench.down()).toEqual([]);
    expect(bench.double.state.apps).toEqual([]);
  });
});

describe("domains with a certificate of one's own", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-certificate-"));
    const { key, cert } = await makeCertificate("*.example.org");
    await writeFile(join(directory, "key.pem"), key);
    await writeFile(join(directory, "chain.pem"), cert);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const options = (): HerokuOptions => ({
    certificate: { chain: join(directory, "chain.pem"), keyFrom: "TLS_KEY" },
  });
  const wanted = async () => {
    bench.env.TLS_KEY = await readFile(join(directory, "key.pem"), "utf8");
    return traffic(["*.example.org"], options());
  };

  it("terminate with it, wildcards too, and a second plan is empty", async () => {
    const { all } = await wanted();
    await bench.apply(all);
    const [endpoint] = app()?.sniEndpoints ?? [];
    const domain = app()?.domains.find(({ hostname }) => hostname === "*.example.org");
    expect(domain?.sniEndpoint).toBe(endpoint?.id);
    expect((await bench.plan((await wanted()).all)).plan.changes).toEqual([]);
    const provider = bench.provider(options());
    const [status] = await provider.certificates.status!(bench.context(), bench.scope);
    expect(status).toMatchObject({
      hosts: ["*.example.org"],
      issuer: "*.example.org",
      state: "issued",
      renewal: expect.stringContaining("not by Heroku"),
      expires: expect.stringMatching(/^\d{4}-/),
    });
    expect(await bench.down()).toEqual([]);
  });

  it("are refused without the key, which is named and never shown", async () => {
    const { all } = await wanted();
    bench.env.TLS_KEY = "no key";
    const error = await failureOf(() => bench.apply(all));
    expect(error).toMatchObject({ code: "certificates.missing-key" });
    expect(JSON.stringify(error)).not.toContain('no key"');
  });
});
