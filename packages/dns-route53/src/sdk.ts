/** Route 53: the commands that are used, nothing else, so that the rest falls away in the build. Loaded when first called. */
import * as sdk from "@aws-sdk/client-route-53";

/** A call as the SDK types it. */
type Call<Input, Output> = (input: Input, signal: AbortSignal) => Promise<Output>;

/** The calls that are made, by name. */
export interface Api {
  readonly ListHostedZones: Call<sdk.ListHostedZonesCommandInput, sdk.ListHostedZonesCommandOutput>;
  readonly GetHostedZone: Call<sdk.GetHostedZoneCommandInput, sdk.GetHostedZoneCommandOutput>;
  readonly ListResourceRecordSets: Call<
    sdk.ListResourceRecordSetsCommandInput,
    sdk.ListResourceRecordSetsCommandOutput
  >;
  readonly ChangeResourceRecordSets: Call<
    sdk.ChangeResourceRecordSetsCommandInput,
    sdk.ChangeResourceRecordSetsCommandOutput
  >;
  readonly GetChange: Call<sdk.GetChangeCommandInput, sdk.GetChangeCommandOutput>;
}

/** A client for one set of credentials. */
export function createApi(configuration: sdk.Route53ClientConfig): Api {
  // The SDK says on every start how long it will support this Node.js: that is the maintainers' to know.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const client = new sdk.Route53Client(configuration);
  return {
    ListHostedZones: (input, abortSignal) =>
      client.send(new sdk.ListHostedZonesCommand(input), { abortSignal }),
    GetHostedZone: (input, abortSignal) => client.send(new sdk.GetHostedZoneCommand(input), { abortSignal }),
    ListResourceRecordSets: (input, abortSignal) =>
      client.send(new sdk.ListResourceRecordSetsCommand(input), { abortSignal }),
    ChangeResourceRecordSets: (input, abortSignal) =>
      client.send(new sdk.ChangeResourceRecordSetsCommand(input), { abortSignal }),
    GetChange: (input, abortSignal) => client.send(new sdk.GetChangeCommand(input), { abortSignal }),
  };
}
