import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { redact } from "../redacted.js";
import { createScrubber } from "./scrub.js";
import { createVendor } from "./testing/fake-vendor.js";
import { planOf, up } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const secret = 'pa"ss/word+1';

describe("secrets", () => {
  it("are taken out of texts, data and errors with their causes, in every form", () => {
    const scrubber = createScrubber();
    scrubber.learn({ deep: [{ password: redact(secret) }] });
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify({ secret }),
      Buffer.from(secret).toString("base64"),
    ];
    for (const form of forms) expect(scrubber.text(`before ${form} after`)).toContain("<redacted>");
    const cause = new Error(`inner ${secret}`, { cause: new TypeError(secret) });
    const error = scrubber.error(
      new DeployError({ code: "a.b", message: secret, hint: secret, cause, details: { list: [secret] } }),
    );
    expect(JSON.stringify(error)).not.toContain("ss/word");
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      expect(`${at.message}${at.stack}`).not.toContain("ss/word");
    }
    expect(error.code).toBe("a.b");
    const innocent = new DeployError({ code: "a.b", message: "fine" });
    expect(scrubber.error(innocent)).toBe(innocent);
  });

  it("stay out of plans, events and errors even where a provider shows them", async () => {
    const clock = createVirtualClock();
    const vendor = createVendor({ clock });
    vendor.put("a", { password: secret, note: "old" });
    const resource = vendor.resource(
      "a",
      { password: redact(secret), note: "new" },
      {
        diff: () => [
          { path: "password", from: secret, to: redact(secret) },
          { path: "url", to: `postgres://user:${encodeURIComponent(secret)}@host` },
        ],
        update: async (context) => {
          context.log(`using ${secret}`);
          context.output(`echo ${secret}`, "stderr");
          throw new DeployError({
            code: "acme.refused",
            message: `${secret} is too short`,
            details: { desired: secret },
          });
        },
      },
    );
    const input = { clock, providers: [vendor.provider], resources: [resource] };
    const { plan } = await planOf(input);
    const events: unknown[] = [];
    const error: unknown = await up(input, { emit: (event) => events.push(event) }).catch((thrown) => thrown);
    expect(events).toHaveLength(4);
    expect(error).toMatchObject({ code: "acme.refused" });
    const said = JSON.stringify([plan, events, error]);
    expect(said).not.toContain("ss/word");
    expect(said).not.toContain(encodeURIComponent(secret));
    expect(said).toContain("<redacted>");
  });
});
