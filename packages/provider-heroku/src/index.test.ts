import { type Dns, defineApp, type Images, type Provider, type Target } from "@deploy/core";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type HerokuOptions, type HerokuProvider, heroku, importers } from "./index.js";

const processes = { web: { command: "node web.mjs" } };

describe("heroku()", () => {
  it("fits the target of an environment, and its images", () => {
    expectTypeOf(heroku()).toExtend<Target>();
    expectTypeOf(heroku()).toExtend<Provider & { readonly images: Images }>();
    expectTypeOf(heroku).returns.toEqualTypeOf<HerokuProvider>();
    expectTypeOf(heroku).parameter(0).toEqualTypeOf<HerokuOptions | undefined>();
    const app = defineApp({
      name: "shop",
      processes,
      environments: { production: { target: heroku({ team: "crew", build: "there" }), images: heroku() } },
    });
    expect(app.environments?.production?.target?.name).toBe("heroku");
  });

  it("fits no place of an element that Heroku does not have", () => {
    expectTypeOf(heroku()).not.toExtend<Provider & { readonly dns: Dns }>();
  });

  it("does not compile with options that are wrong", () => {
    const wrong = {
      // @ts-expect-error It is "here" or "there".
      build: (): unknown => heroku({ build: "elsewhere" }),
      // @ts-expect-error No such option.
      name: (): unknown => heroku({ name: "shop" }),
      // @ts-expect-error A target in milliseconds is needed as well.
      autoscaling: (): unknown => heroku({ autoscaling: { web: { min: 1, max: 3 } } }),
      // @ts-expect-error A private key belongs into a variable, not into the configuration.
      certificate: (): unknown => heroku({ certificate: { chain: "chain.pem", key: "key.pem" } }),
      // @ts-expect-error A pipeline has four stages.
      pipeline: (): unknown => heroku({ pipeline: { name: "shop", stage: "canary" } }),
    };
    expect(Object.keys(wrong)).toHaveLength(5);
  });

  it("asks nobody, and reads nothing, before its first call", () => {
    expect(heroku().name).toBe("heroku");
    expect(importers).not.toEqual([]);
  });
});
