import { beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../../cli/src/exit-codes.js";
import { has } from "./support/needs.js";
import { errorOf, type SmallApp, smallDeployer } from "./support/small-app.js";
import { useVendor } from "./support/use-vendor.js";

/*
 * Whole runs of `up` of an app with a domain against what ACM says and moto does not: its certificates are issued on a timer,
 * whether or not anybody has made their record.
 */

describe.skipIf(!(await has("python")))("up with a domain", () => {
  const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });
  const deployer = (host: string, more: Partial<SmallApp> = {}) =>
    smallDeployer({ env: vendor().env, environment: { domains: { [host]: "web" } }, ...more });
  /** What ACM says of every certificate for so many looks, once its record is known. */
  const acmSays = (change: object, times?: number): void =>
    vendor().proxy.script({
      on: "acm:DescribeCertificate",
      ...(times === undefined ? {} : { times }),
      tell: {
        rewrite: (output) => ({ ...output, Certificate: { ...(output.Certificate as object), ...change } }),
      },
    });
  const changesOf = (operation: string): number =>
    vendor().proxy.names.filter((name) => name === operation).length;

  beforeAll(async () => {
    await smallDeployer({ env: vendor().env }).up();
  }, 120_000);

  it("waits while ACM has not seen the record, names it, and serves over HTTPS once it is issued", async () => {
    // It is said every second second what is waited for, and looked every 20 ms here.
    const open = { DomainName: "pending.example.org", ValidationStatus: "PENDING_VALIDATION" };
    const record = { Name: "_0123.pending.example.org.", Type: "CNAME", Value: "_4567.acm-validations.aws." };
    acmSays(
      { Status: "PENDING_VALIDATION", DomainValidationOptions: [{ ...open, ResourceRecord: record }] },
      150,
    );
    const operation = deployer("pending.example.org").up();
    const said: string[] = [];
    for await (const event of operation) if (event.type === "waiting") said.push(event.message);
    await operation;
    expect(said.join("\n")).toContain("_0123.pending.example.org CNAME _4567.acm-validations.aws");
    expect(changesOf("acm:RequestCertificate")).toBe(1);
    vendor().proxy.reset();
    expect((await deployer("pending.example.org").plan()).changes).toEqual([]);
  }, 60_000);

  it.each([
    ["CAA_ERROR", /CAA record of the domain does not allow Amazon/, /issue "amazon\.com"/],
    ["ADDITIONAL_VERIFICATION_REQUIRED", /look at this request by hand/, /AWS Support/],
    ["DOMAIN_NOT_ALLOWED", /listed as unsafe/, /Safe Browsing/],
  ])(
    "ends with what ACM means by %s (exit code 1), and the next run requests another one",
    async (reason, message, hint) => {
      const host = `${reason.toLowerCase().replaceAll("_", "-").slice(0, 12)}.example.org`;
      acmSays({ Status: "FAILED", FailureReason: reason });
      const error = await errorOf(deployer(host).up());
      expect(error.code).toBe("certificates.failed");
      expect(exitCodeOf(error.code)).toBe(1);
      expect(error.message).toMatch(message);
      expect(error.message).toContain(host);
      expect(error.hint).toMatch(hint);
      vendor().proxy.reset();
      await deployer(host).up();
      expect((await deployer(host).plan()).changes).toEqual([]);
    },
    60_000,
  );

  it("ends when ACM has given up after 72 hours (exit code 1)", async () => {
    acmSays({ Status: "VALIDATION_TIMED_OUT" });
    const error = await errorOf(deployer("late.example.org").up());
    expect(error.code).toBe("certificates.timed-out");
    expect(exitCodeOf(error.code)).toBe(1);
    expect(error.message).toContain("late.example.org");
    expect(error.hint).toContain("name servers");
  }, 60_000);
});
