import { defineApp, type Images, type Provider, type Target } from "@deploy/core";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type EcsProvider, ecs, registry } from "./index.js";

const processes = { web: { command: "node web.mjs" } };
const target = ecs({ region: "eu-west-1" });

describe("ecs()", () => {
  it("fits the target of an environment", () => {
    expectTypeOf(target).toExtend<Target>();
    expectTypeOf(ecs).returns.toEqualTypeOf<EcsProvider>();
    const app = defineApp({ name: "shop", processes, environments: { production: { target } } });
    expect(app.environments?.production?.target?.name).toBe(target.name);
  });

  it("does not compile without a region, or with options that are wrong", () => {
    const wrong = {
      // @ts-expect-error A region is needed.
      nothing: (): unknown => ecs(),
      // @ts-expect-error As in AWS, and not as in the options of others.
      zone: (): unknown => ecs({ region: "eu-west-1", zone: "a" }),
      // @ts-expect-error There are two stores of secrets.
      secrets: (): unknown => ecs({ region: "eu-west-1", secrets: "vault" }),
      // @ts-expect-error Not a name: fargate(), ec2(…) or instance(…).
      capacity: (): unknown => ecs({ region: "eu-west-1", capacity: "fargate" }),
    };
    expect(Object.keys(wrong)).toHaveLength(4);
  });
});

describe("registry()", () => {
  const images = registry("registry.example.com/shop");

  it("fits the images of an environment", () => {
    expectTypeOf(images).toEqualTypeOf<Provider & { readonly images: Images }>();
    const app = defineApp({ name: "shop", processes, environments: { production: { target, images } } });
    expect(app.environments?.production?.images?.name).toBe(images.name);
  });

  it("is no target, and takes no options but its own", () => {
    expectTypeOf(images).not.toExtend<Target>();
    const wrong = {
      target: (): unknown =>
        // @ts-expect-error A registry runs nothing.
        defineApp({ name: "shop", processes, environments: { production: { target: images } } }),
      // @ts-expect-error Names of variables, never a password.
      password: (): unknown => registry("registry.example.com/shop", { password: "hunter2" }),
    };
    expect(Object.keys(wrong)).toHaveLength(2);
  });
});
