import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  Route53Client,
} from "@aws-sdk/client-route-53";
import { beforeAll } from "vitest";

/**
 * A zone at Route 53 with records of somebody else, made before the tests, past the provider.
 *
 * @returns Everything in it, as Route 53 lists it.
 */
export function useRoute53Zone(
  endpoint: () => URL,
  zone: string,
  theirs: readonly { readonly name: string; readonly type: string; readonly values: readonly string[] }[],
): () => Promise<readonly ResourceRecordSet[]> {
  let sdk: Route53Client;
  let HostedZoneId: string;
  beforeAll(async () => {
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    sdk = new Route53Client({ endpoint: endpoint().href, region: "us-east-1", credentials });
    const made = await sdk.send(new CreateHostedZoneCommand({ Name: zone, CallerReference: "example" }));
    HostedZoneId = made.HostedZone?.Id ?? "";
    const Changes = theirs.map(
      ({ name, type, values }) =>
        ({
          Action: "CREATE",
          ResourceRecordSet: {
            Name: name,
            Type: type as "TXT",
            TTL: 300,
            ResourceRecords: values.map((value) => ({ Value: type === "TXT" ? `"${value}"` : value })),
          },
        }) as const,
    );
    await sdk.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
  }, 60_000);
  return async () =>
    (await sdk.send(new ListResourceRecordSetsCommand({ HostedZoneId }))).ResourceRecordSets ?? [];
}
