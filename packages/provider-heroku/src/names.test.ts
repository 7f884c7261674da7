import { describe, expect, it } from "vitest";
import { appNameOf } from "./names.js";

const name = (app: string, environment: string, override?: string): string =>
  appNameOf({ app, environment }, override);
const pattern = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/;

describe("the name of an app at Heroku", () => {
  it("is the app's with its environment's", () => {
    expect(name("dedupe-service", "staging")).toBe("dedupe-service-staging");
    expect(name("shop", "review/12")).toBe("shop-review-12");
  });

  it("ends in a hash where it is too long, so that two never share one", () => {
    const one = name("a-very-long-name-of-a-service", "production");
    const other = name("a-very-long-name-of-a-service", "productiom");
    expect(one).toMatch(pattern);
    expect(one).not.toBe(other);
    expect(name("a-very-long-name-of-a-service", "production")).toBe(one);
  });

  it.each([
    ["Shop", "Staging"],
    ["1shop", "x"],
    ["a_b", "c"],
    ["a-b", "c_"],
    ["日本", "x"],
  ])("is one that Heroku takes for %s in %s", (app, environment) => {
    expect(name(app, environment)).toMatch(pattern);
  });

  it("is the one of the options, which is refused where Heroku would refuse it", () => {
    expect(name("shop", "staging", "acme-shop")).toBe("acme-shop");
    for (const bad of ["Acme", "a", "-a-", "a".repeat(31), "1abc", "a_b"]) {
      expect(() => name("shop", "staging", bad)).toThrow(
        expect.objectContaining({ code: "servers.bad-name" }),
      );
    }
  });
});
