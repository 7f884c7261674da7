import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  Route53Client,
} from "@aws-sdk/client-route-53";
import { type Context, systemClock } from "@deploy/core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type AwsProxy, createAwsProxy } from "../../provider-ecs/test/support/aws-proxy.js";
import { type Emulator, startMoto } from "../../provider-ecs/test/support/emulators.js";

export { has } from "../../provider-ecs/test/support/needs.js";

/** Route 53 by moto, behind a proxy that judges every request by AWS's own models. */
export interface Vendor {
  readonly proxy: AwsProxy;
  readonly env: Readonly<Record<string, string>>;
  /** Makes a zone past the provider; answers with its id. */
  createZone(name: string, options?: { readonly isPrivate?: boolean }): Promise<string>;
  /** Makes record sets past the provider, as another tool would. */
  plant(zoneId: string, ...sets: readonly ResourceRecordSet[]): Promise<void>;
  /** Everything in a zone as Route 53 lists it, names in full. */
  held(zoneId: string): Promise<readonly ResourceRecordSet[]>;
  reset(): Promise<void>;
}

/** Starts moto for a file, ends it after, and fails the file for any request that AWS would refuse. */
export function useRoute53(): () => Vendor {
  let vendor: Vendor | undefined;
  let emulator: Emulator | undefined;
  let zones = 0;
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  beforeAll(async () => {
    emulator = await startMoto();
    const proxy = await createAwsProxy({ target: emulator.url });
    const sdk = new Route53Client({
      endpoint: emulator.url.href,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    vendor = {
      proxy,
      env: proxy.env,
      async createZone(Name, { isPrivate = false } = {}) {
        zones += 1;
        const made = await sdk.send(
          new CreateHostedZoneCommand({
            Name,
            CallerReference: `test-${zones}`,
            ...(isPrivate
              ? { VPC: { VPCId: "vpc-1", VPCRegion: "us-east-1" }, HostedZoneConfig: { PrivateZone: true } }
              : {}),
          }),
        );
        return (made.HostedZone?.Id ?? "").replace("/hostedzone/", "");
      },
      async plant(HostedZoneId, ...sets) {
        const Changes = sets.map((ResourceRecordSet) => ({ Action: "UPSERT", ResourceRecordSet }) as const);
        await sdk.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
      },
      async held(HostedZoneId) {
        const page = await sdk.send(new ListResourceRecordSetsCommand({ HostedZoneId, MaxItems: 10_000 }));
        return page.ResourceRecordSets ?? [];
      },
      async reset() {
        await emulator?.reset();
        proxy.emptied();
        proxy.reset();
      },
    };
  }, 300_000);
  afterEach(() => vendor?.proxy.reset());
  afterAll(async () => {
    // moto's own markers are twice as long as those of Route 53.
    const violations = (vendor?.proxy.violations ?? []).filter(
      (line) => !/ListHostedZones: Marker has/.test(line),
    );
    await vendor?.proxy.close();
    await emulator?.stop();
    expect([...new Set(violations)], "requests that AWS would refuse").toEqual([]);
  }, 60_000);
  return () => {
    if (vendor === undefined) throw new Error("the emulator is started before the tests");
    return vendor;
  };
}

/** A context over the proxy; pauses of more than 50 ms last 50 ms. */
export function contextOf(
  { env }: Vendor,
  own: Partial<Context> = {},
): Context & { readonly said: readonly string[] } {
  const said: string[] = [];
  return {
    signal: new AbortController().signal,
    env,
    fetch: globalThis.fetch,
    clock: {
      now: () => systemClock.now(),
      sleep: (milliseconds, signal) =>
        // Time limits stay as they are; whoever waits for the vendor need not.
        systemClock.sleep(milliseconds >= 30_000 ? milliseconds : Math.min(50, milliseconds), signal),
    },
    log: (line) => said.push(line),
    output: () => undefined,
    directory: process.cwd(),
    shared: (_key, load) => load(),
    ...own,
    said,
  };
}
