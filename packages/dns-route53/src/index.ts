/**
 * Domains on Amazon Route 53: records, and aliases to load balancers. Ownership is a TXT entry beside each record.
 *
 * @module
 */
import { type CredentialField, DeployError, type Dns, type Provider } from "@deploy/core";
import { createClient } from "./client.js";
import { createDns } from "./dns.js";

/** What can be chosen; all of it is optional. */
export interface Route53Options {
  /**
   * Ids of hosted zones by name, `{ "example.org": "Z0123456789ABC" }`: where there are several of one name, or where
   * these credentials may not list zones. Then there are no others.
   */
  readonly zones?: Readonly<Record<string, string>>;
  /** A profile of `~/.aws/config`. Default: `AWS_PROFILE`, else keys in the environment, else the SDK's chain. */
  readonly profile?: string;
  /** Where the requests are signed for: only of note in China and GovCloud. Default `us-east-1`. */
  readonly region?: string;
  /** Another address of the API, for tests; also `AWS_ENDPOINT_URL_ROUTE_53` and `AWS_ENDPOINT_URL`. */
  readonly endpoint?: string;
}

/** Nothing is required: the SDK's default chain finds credentials in many places. */
const credentials: Readonly<Record<string, CredentialField>> = {
  profile: {
    env: "AWS_PROFILE",
    label: "profile of ~/.aws/config",
    secret: false,
    required: false,
    docs: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
  },
  accessKeyId: { env: "AWS_ACCESS_KEY_ID", label: "access key", secret: false, required: false },
  secretAccessKey: {
    env: "AWS_SECRET_ACCESS_KEY",
    label: "secret access key",
    secret: true,
    required: false,
  },
  sessionToken: { env: "AWS_SESSION_TOKEN", label: "session token", secret: true, required: false },
};

/** DNS by Route 53. @throws `config.bad-option`. */
export function route53(options: Route53Options = {}): Provider & { readonly dns: Dns } {
  const { zones, region } = options;
  for (const [name, id] of Object.entries(zones ?? {})) {
    if (!/^[A-Z0-9]{1,32}$/.test(id))
      throw badOption(`route53({ zones: { "${name}" } })`, id, "The id of a hosted zone.");
  }
  if (region !== undefined && !/^[a-z]{2}(?:-[a-z]+)+-\d+$/.test(region)) {
    throw badOption("route53({ region })", region, "A region of AWS, such as us-east-1.");
  }
  return {
    spec: 1,
    name: "route53",
    credentials,
    dns: createDns(createClient(options), zones),
  };
}

function badOption(option: string, value: string, hint: string): DeployError {
  return new DeployError({
    code: "config.bad-option",
    message: `${option} cannot be ${JSON.stringify(value)}.`,
    hint,
  });
}
