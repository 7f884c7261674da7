import type { AnyResource, Context } from "@deploy/core";
import { beforeEach, describe, expect, it } from "vitest";
import type { AwsCall } from "../../test/support/aws-proxy.js";
import { has } from "../../test/support/needs.js";
import {
  createTrafficBench,
  layGround,
  noteProofs,
  type TrafficBench,
} from "../../test/support/traffic/traffic-bench.js";
import { useVendor } from "../../test/support/use-vendor.js";
import { certificateFindings, createCertificates } from "./certificates.js";
import { certificateNames } from "./names.js";

describe("the names of a certificate", () => {
  it("are the same in any order, without what a wildcard covers", () => {
    const names = certificateNames(["*.example.org", "example.org", "www.example.org", "a.b.example.org"]);
    expect(names).toMatchObject({
      first: "a.b.example.org",
      all: ["*.example.org", "a.b.example.org", "example.org"],
    });
    const again = certificateNames(["a.b.example.org", "www.example.org", "example.org", "*.example.org"]);
    expect(again.hash).toBe(names.hash);
    expect(certificateNames(["example.org"]).hash).not.toBe(names.hash);
  });

  it("begin with one that is short enough, or are refused", () => {
    const long = `${"a".repeat(60)}.example.org`;
    expect(certificateNames([long, "www.example.org"]).first).toBe("www.example.org");
    expect(() => certificateNames([long])).toThrow(
      expect.objectContaining({ code: "certificates.name-too-long" }),
    );
  });
});

describe.skipIf(!(await has("python")))("certificates of ACM", () => {
  const vendor = useVendor({ moto: { certificateWait: 1 } });
  let bench: TrafficBench;
  let proofs: ReturnType<typeof noteProofs>;

  beforeEach(async () => {
    await vendor().reset();
    bench = createTrafficBench(vendor(), await layGround(vendor()));
    proofs = noteProofs();
  });

  const graph = (hosts: readonly string[]): readonly AnyResource[] => {
    const made = createCertificates(bench.parts).certificate(bench.scope, hosts, proofs.prove);
    return [...made.resources, made.issued];
  };
  /** What ACM says of a certificate, changed. */
  const acmSays = (change: object, when: number | ((call: AwsCall) => boolean) = () => true): void =>
    vendor().proxy.script({
      on: "acm:DescribeCertificate",
      ...(typeof when === "number" ? { times: when } : { when }),
      tell: {
        rewrite: (output) => ({ ...output, Certificate: { ...(output.Certificate as object), ...change } }),
      },
    });
  const requests = (): readonly AwsCall[] =>
    vendor().proxy.calls.filter(({ operation }) => operation === "RequestCertificate");

  it("are proved by one record for a domain and its wildcard, issued, and found again", async () => {
    const hosts = ["example.org", "*.example.org", "example.net"];
    await bench.apply(graph(hosts));
    expect([...proofs.keys].sort()).toEqual(["example.net", "example.org"]);
    expect(proofs.published).toMatchObject([
      { type: "CNAME", name: expect.stringMatching(/^_\w+\.example\.(?:org|net)$/) },
      { type: "CNAME", values: [expect.stringMatching(/acm-validations\.aws$/)] },
    ]);
    expect((await bench.plan(graph(hosts))).plan.changes).toEqual([]);
    expect(requests()).toHaveLength(1);
  });

  it("are waited for with the record that ACM looks for, which is published before", async () => {
    const waits: string[] = [];
    let looks = 0;
    // The record is not there at first; then ACM looks for it for a while.
    acmSays({ DomainValidationOptions: [{ DomainName: "example.org" }] }, 2);
    vendor().proxy.script({
      on: "acm:DescribeCertificate",
      // However long the emulator needs itself: twice after the record is published.
      when: () => proofs.published.length > 0 && looks++ < 2,
      tell: {
        rewrite: (output) => {
          const certificate = output.Certificate as { DomainValidationOptions: object[] };
          const DomainValidationOptions = certificate.DomainValidationOptions.map((option) => ({
            ...option,
            ValidationStatus: "PENDING_VALIDATION",
          }));
          return { Certificate: { ...certificate, Status: "PENDING_VALIDATION", DomainValidationOptions } };
        },
      },
    });
    await bench.apply(graph(["example.org"]));
    waits.push(...bench.said.filter((line) => line.includes('"waiting"') || line.includes("ACM")));
    expect(waits.join("\n")).toContain("ACM has not said yet which record proves example.org");
    expect(waits.join("\n")).toMatch(
      /ACM has not seen the record _\w+\.example\.org CNAME _\w+\.\w+\.acm-validations\.aws yet \(requested \d+ s ago\)/,
    );
  });

  it.each([
    ["CAA_ERROR", "CAA record", 'issue "amazon.com"'],
    ["DOMAIN_NOT_ALLOWED", "unsafe", "Safe Browsing"],
  ])("that fail for %s say so, and what to do", async (FailureReason, meaning, hint) => {
    await bench.apply([graph(["example.org"])[0]!]);
    acmSays({ Status: "FAILED", FailureReason });
    const [certificate, gate] = graph(["example.org"]);
    // The plan would ask for another one; who waits for this one is told why it never comes.
    const observed = await whatGateSees(certificate!, gate!, bench.context());
    expect(() => gate!.pending?.(observed)).toThrow(
      expect.objectContaining({
        code: "certificates.failed",
        message: expect.stringContaining(meaning),
        hint: expect.stringContaining(hint),
      }),
    );
  });

  it("that have failed are requested anew by the next run, and the failed one is forgotten", async () => {
    await bench.apply(graph(["example.org"]));
    const before = requests()[0]!.input.IdempotencyToken;
    const { clients } = bench.parts;
    const listed = await clients.send(bench.context(), "acm", "ListCertificates", {});
    const arn = listed.CertificateSummaryList?.[0]?.CertificateArn;
    acmSays({ Status: "FAILED", FailureReason: "CAA_ERROR" }, ({ input }) => input.CertificateArn === arn);
    await bench.apply(graph(["example.org"]));
    expect(requests()).toHaveLength(2);
    expect(requests()[1]!.input.IdempotencyToken).not.toBe(before);
    const { CertificateSummaryList } = await clients.send(bench.context(), "acm", "ListCertificates", {});
    expect(CertificateSummaryList).toHaveLength(1);
  });

  it("of somebody else with the same name are neither used nor touched", async () => {
    const { clients } = bench.parts;
    await clients.send(bench.context(), "acm", "RequestCertificate", {
      DomainName: "example.org",
      ValidationMethod: "DNS",
    });
    await bench.apply(graph(["example.org"]));
    expect(requests()).toHaveLength(2);
  });

  it("a lost answer to the request makes no second one", async () => {
    vendor().proxy.script({
      on: "acm:RequestCertificate",
      times: 1,
      tell: { fault: { kind: "reset", when: "after" } },
    });
    await bench.apply(graph(["example.org"]));
    const { clients } = bench.parts;
    const { CertificateSummaryList } = await clients.send(bench.context(), "acm", "ListCertificates", {});
    expect(CertificateSummaryList).toHaveLength(1);
  });

  it("tell their state: pending with the record, issued with the end, and why a renewal or an issue fails", async () => {
    await bench.apply(graph(["example.org", "*.example.org"]));
    const state = () => createCertificates(bench.parts).status!(bench.context(), bench.scope);
    const [issued] = await state();
    expect(issued).toMatchObject({
      hosts: ["*.example.org", "example.org"],
      issuer: "Amazon",
      state: "issued",
      expires: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      renewal: expect.stringContaining("60 days before"),
    });
    expect(issued).not.toHaveProperty("problem");
    const summary = {
      RenewalStatus: "FAILED",
      RenewalStatusReason: "CAA_ERROR",
      DomainValidationOptions: [{ DomainName: "example.org" }],
      UpdatedAt: Date.now() / 1000,
    };
    acmSays({ RenewalSummary: summary }, 1);
    expect((await state())[0]).toMatchObject({
      state: "issued",
      problem: expect.stringMatching(/FAILED, CAA_ERROR.*_\w+\.example\.org CNAME/),
    });
    acmSays({ Status: "FAILED", FailureReason: "CAA_ERROR" }, 1);
    expect((await state())[0]).toMatchObject({
      state: "failed",
      problem: expect.stringContaining("CAA record"),
    });
    acmSays({ Status: "PENDING_VALIDATION" }, 1);
    expect((await state())[0]).toMatchObject({
      state: "pending",
      problem: expect.stringContaining("requested"),
    });
  });

  it("that ACM cannot renew are told by doctor, with the records it needs", async () => {
    await bench.apply(graph(["example.org"]));
    acmSays({
      NotAfter: Date.now() / 1000 + 10 * 86_400,
      RenewalSummary: {
        RenewalStatus: "PENDING_VALIDATION",
        DomainValidationOptions: [{ DomainName: "example.org" }],
        UpdatedAt: Date.now() / 1000,
      },
    });
    expect(await certificateFindings(bench.parts, bench.context(), bench.scope)).toMatchObject([
      { state: "warning", hint: expect.stringMatching(/_\w+\.example\.org CNAME/) },
    ]);
  });
});

/** A gate knows the certificate that was found alive before, or just requested. */
async function whatGateSees(certificate: AnyResource, gate: AnyResource, context: Context): Promise<unknown> {
  await certificate.create?.(context, certificate.desired);
  return gate.read(context);
}
