/**
 * Domains on Namecheap, whose API replaces a zone as a whole: each zone is copied before it is written, and read after.
 *
 * @module
 */
import { type CredentialField, DeployError, type Dns, type Provider } from "@deploy/core";
import { createApi } from "./api.js";
import { createDns } from "./dns.js";

/** What can be chosen; all of it is optional. */
export interface NamecheapOptions {
  /** Namecheap's sandbox, which has accounts and domains of its own. Default false. */
  readonly sandbox?: boolean;
  /** The IPv4 address that is on the account's list. Default `NAMECHEAP_CLIENT_IP`. */
  readonly clientIp?: string;
  /** Another address of the API, for tests; also `NAMECHEAP_API_URL`. */
  readonly endpoint?: string;
}

const page = "https://ap.www.namecheap.com/settings/tools/apiaccess/";
const credentials: Readonly<Record<string, CredentialField>> = {
  user: { env: "NAMECHEAP_API_USER", label: "user name", secret: false, required: true, docs: page },
  key: { env: "NAMECHEAP_API_KEY", label: "API key", secret: true, required: true, docs: page },
  clientIp: {
    env: "NAMECHEAP_CLIENT_IP",
    label: "IPv4 address on the account's list",
    secret: false,
    required: false,
    docs: page,
  },
};

/** DNS by Namecheap. @throws `config.bad-option`. */
export function namecheap(options: NamecheapOptions = {}): Provider & { readonly dns: Dns } {
  const { clientIp } = options;
  if (clientIp !== undefined && !/^(?:\d{1,3}\.){3}\d{1,3}$/.test(clientIp)) {
    throw new DeployError({
      code: "config.bad-option",
      message: `namecheap({ clientIp }) cannot be ${JSON.stringify(clientIp)}.`,
      hint: "An IPv4 address: Namecheap's list takes no other.",
    });
  }
  return { spec: 1, name: "namecheap", credentials, dns: createDns(createApi(options)) };
}
