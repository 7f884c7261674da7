import { describe, expect, it } from "vitest";
import { standIn } from "./testing/stand-ins.js";
import { notesOf, problemsOf } from "./testing/validating.js";

describe("providers", () => {
  const target = (value: unknown): readonly string[] =>
    problemsOf({ environments: { production: { target: value } } });
  const sound = standIn("cloud", ["containers"]);

  it("takes sound ones", () => {
    const production = { target: sound, dns: standIn("names", ["dns"]), retired: [standIn("old", ["logs"])] };
    expect(notesOf({ environments: { production } })).toEqual([]);
  });

  it.each([
    ["heroku", "environments.production.target has to be a provider, but is text."],
    [
      function heroku() {},
      "environments.production.target is a factory, not a provider. | Call it: heroku().",
    ],
    [
      Promise.resolve(sound),
      "environments.production.target is a promise of a provider. | Put await in front of it.",
    ],
    [{ name: "x" }, "environments.production.target is not a provider: it has no version of the contract."],
    [
      { ...sound, spec: 2 },
      "The provider cloud speaks version 2 of the provider contract; this @deploy/core understands 1. | Upgrade @deploy/core, or install an older version of cloud that speaks 1.",
    ],
    [{ ...sound, spec: 0 }, "understands 1. | Upgrade cloud, or install an older @deploy/core."],
    [{ ...sound, name: "My Cloud" }, "environments.production.target is a provider without a usable name."],
    [{ ...sound, credentials: undefined }, "The provider cloud does not declare its credentials."],
    [{ ...sound, containers: {} }, "The provider cloud has containers without capabilities."],
    [
      standIn("names", ["dns", "certificates"]),
      "The provider names has no containers, so it cannot be used as target. | Choose another provider; names can be used as dns, certificates.",
    ],
  ])("%s", (value, text) => {
    expect(target(value)).toEqual([expect.stringContaining(text)]);
  });

  it("checks those that are retired", () => {
    const production = { retired: [{ ...sound, spec: 3 }] };
    expect(problemsOf({ environments: { production } })[0]).toMatch(
      /^environments\.production\.retired\[0\] \|.*version 3/,
    );
  });
});
