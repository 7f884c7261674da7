import type { Context, Identity, Resource } from "@deploy/core";
import { accountMismatch } from "./errors.js";
import { providerName } from "./names.js";
import type { Parts } from "./parts.js";
import { ecsResource, readOnce } from "./resources.js";

/**
 * Whose credentials these are, as STS says; refused when the options name another account.
 *
 * @throws `account.mismatch`; what a call throws.
 */
export async function identify(
  { clients, settings }: Pick<Parts, "clients" | "settings">,
  context: Context,
): Promise<Identity> {
  const caller = await readOnce(settings, context, "caller", () =>
    clients.send(context, "sts", "GetCallerIdentity", {}),
  );
  const account = caller.Account ?? "";
  const label = caller.Arn?.split(":").at(-1) ?? "unknown";
  if (settings.account === undefined || settings.account === account) {
    return { account, label: `${label} in ${settings.region}` };
  }
  throw accountMismatch(settings.account, account, label);
}

/** The account guard as a gate: a plan in the wrong account fails while it is made. */
export function accountGate(
  parts: Pick<Parts, "clients" | "settings">,
  account: string,
): Resource<Record<string, never>, Identity> {
  return ecsResource<Record<string, never>, Identity>("servers", {
    id: [providerName, "servers", parts.settings.region, "account", account].join("/"),
    label: `account ${account}`,
    desired: {},
    read: (context) => identify(parts, context),
  });
}
