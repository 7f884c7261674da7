import { describe, expect, it } from "vitest";
import { fargateSize, fargateSizes, mebibytes } from "./task-size.js";

describe("fargateSize", () => {
  it("takes the smallest there is where nothing is asked for", () => {
    expect(fargateSize({})).toEqual({ cpu: 256, memory: 512 });
  });

  it("rounds decimal sizes up to what Fargate offers", () => {
    expect(fargateSize({ memory: 512_000_000 })).toEqual({ cpu: 256, memory: 512 });
    expect(fargateSize({ memory: 1_000_000_000 })).toEqual({ cpu: 256, memory: 1024 });
    expect(fargateSize({ memory: 1_100_000_000 })).toEqual({ cpu: 256, memory: 2048 });
  });

  it("gives more CPU where the memory asks for it, and more memory where the CPU does", () => {
    expect(fargateSize({ memory: 3_000_000_000 })).toEqual({ cpu: 512, memory: 3072 });
    expect(fargateSize({ cpu: 2, memory: 512_000_000 })).toEqual({ cpu: 2048, memory: 4096 });
    expect(fargateSize({ cpu: 0.3 })).toEqual({ cpu: 512, memory: 1024 });
    expect(fargateSize({ cpu: 16, memory: 33 * 2 ** 30 })).toEqual({ cpu: 16_384, memory: 40_960 });
  });

  it("answers with a pair of the table and never with less than asked for, whatever is asked", () => {
    for (let memory = 1; memory <= 122_880; memory += 997) {
      for (const cpu of [0, 0.1, 0.25, 0.5, 1, 3, 8, 16]) {
        const size = fargateSize({ cpu, memory: memory * 2 ** 20 });
        expect(fargateSizes.find((row) => row.cpu === size.cpu)?.memory).toContain(size.memory);
        expect(size.memory).toBeGreaterThanOrEqual(memory);
        expect(size.cpu).toBeGreaterThanOrEqual(cpu * 1024);
      }
    }
  });

  it("refuses what no size holds", () => {
    expect(() => fargateSize({ cpu: 17 })).toThrow(expect.objectContaining({ code: "containers.too-large" }));
    expect(() => fargateSize({ memory: 121 * 2 ** 30 })).toThrow(/MiB/);
  });
});

it("counts mebibytes in full", () => {
  expect([1, 1_048_576, 1_048_577].map(mebibytes)).toEqual([1, 1, 2]);
});
