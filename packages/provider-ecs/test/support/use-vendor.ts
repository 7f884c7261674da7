import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type AwsProxy, type AwsProxyOptions, createAwsProxy } from "./aws-proxy.js";
import { openDefaultNetwork } from "./default-network.js";
import { type Emulator, type MotoOptions, startMinistack, startMoto } from "./emulators.js";
import { ministackStandIns } from "./ministack-stand-ins.js";
import { motoStandIns } from "./moto-stand-ins.js";

/** An emulator behind the proxy, for the tests of one file. */
export interface Vendor {
  readonly emulator: Emulator;
  readonly proxy: AwsProxy;
  /** The endpoint and credentials, for a context's `env`. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes the emulator empty but for a default VPC with a way out, and has the proxy forget its calls and scripts. */
  reset(): Promise<void>;
}

/** Which emulator, and how. */
export interface VendorOptions extends Pick<AwsProxyOptions, "latencyMs"> {
  /** Default `moto`. `ministack` needs Docker, unless `containers` is false. */
  readonly emulator?: "moto" | "ministack";
  readonly moto?: MotoOptions;
  /** Whether ministack's tasks are containers. Default true. */
  readonly containers?: boolean;
  /** See `MinistackOptions`. */
  readonly imagePrefix?: string;
}

/**
 * Starts an emulator and the proxy for a file or a `describe`, ends both after it, and fails it when any request was one
 * that AWS would refuse. Scripts are forgotten after each test; what the emulator holds is not, see {@link Vendor.reset}.
 *
 * @example
 * ```ts
 * describe.skipIf(!(await has("python")))("services", () => {
 *   const vendor = useVendor();
 *   it("…", async () => {
 *     vendor().proxy.script({ on: "ecs:CreateService", times: 2, tell: { error: "…", message: "…" } });
 *   });
 * });
 * ```
 */
export function useVendor({
  emulator: kind = "moto",
  moto = {},
  containers = true,
  imagePrefix,
  latencyMs = 0,
}: VendorOptions = {}): () => Vendor {
  let vendor: Vendor | undefined;
  const started = (): Vendor => {
    if (vendor === undefined)
      throw new Error("the emulator is started before the tests, not while they are collected");
    return vendor;
  };
  beforeAll(async () => {
    const emulator = await (kind === "moto"
      ? startMoto(moto)
      : startMinistack({ docker: containers, ...(imagePrefix === undefined ? {} : { imagePrefix }) }));
    await openDefaultNetwork(emulator.url);
    const proxy = await createAwsProxy({
      target: emulator.url,
      latencyMs,
      standIns: kind === "moto" ? motoStandIns : ministackStandIns,
    });
    vendor = {
      emulator,
      proxy,
      env: proxy.env,
      async reset() {
        await emulator.reset();
        await openDefaultNetwork(emulator.url);
        proxy.emptied();
        proxy.reset();
      },
    };
  }, 300_000);
  afterEach(() => vendor?.proxy.reset());
  afterAll(async () => {
    const violations = vendor?.proxy.violations ?? [];
    await vendor?.proxy.close();
    await vendor?.emulator.stop();
    expect([...new Set(violations)], "requests that AWS would refuse").toEqual([]);
  }, 60_000);
  return started;
}
