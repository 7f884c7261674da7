import type { Context, DoctorFinding, Scope } from "@deploy/core";
import { toDeployError } from "@deploy/core";
import { certificateFindings } from "./certificates/certificates.js";
import type { Parts } from "./parts.js";
import { deployerPolicies } from "./policy/deployer-policy.js";
import { findAddresses } from "./servers/address.js";
import { describeCluster } from "./servers/cluster.js";
import { readNetwork } from "./servers/network.js";

/** What a person should know about the account before anything is deployed to it. Nothing is changed. */
export async function examine(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly DoctorFinding[]> {
  const findings = await Promise.all([
    credentialsFinding(parts, context),
    attempt("network", () => networkFinding(parts, context)),
    attempt("cluster", () => clusterFinding(parts, context, scope)),
    ...(parts.settings.capacity.kind === "instance"
      ? [attempt("addresses", () => addressFinding(parts, context, scope))]
      : []),
    attempt("certificates", () => certificateFindings(parts, context, scope)),
  ]);
  return [...findings.flat(), ...policyFindings(parts)];
}

/** What cannot be found out is a finding too, and keeps nobody from the others. */
async function attempt<T extends DoctorFinding | readonly DoctorFinding[]>(
  subject: string,
  look: () => Promise<T>,
): Promise<T | DoctorFinding> {
  try {
    return await look();
  } catch (thrown) {
    const { message, hint } = toDeployError(thrown);
    return { subject, state: "failed", message, ...(hint === undefined ? {} : { hint }) };
  }
}

/** Where the credentials come from; whose they are is core's to ask. */
async function credentialsFinding({ settings }: Parts, { env }: Context): Promise<DoctorFinding> {
  const subject = "source of the AWS credentials";
  const profile = settings.profile ?? env.AWS_PROFILE;
  const message =
    profile !== undefined
      ? `The profile ${profile}, in ${settings.region}.`
      : env.AWS_ACCESS_KEY_ID
        ? `AWS_ACCESS_KEY_ID, in ${settings.region}.`
        : `The SDK's default chain (shared files, SSO, web identity, the machine's role), in ${settings.region}.`;
  if (settings.account === undefined) {
    const hint = 'Set "account" of ecs(), so that the wrong profile changes nothing.';
    return { subject, state: "warning", message: `${message} No account is declared.`, hint };
  }
  return { subject, state: "ok", message };
}

async function networkFinding({ clients, settings }: Parts, context: Context): Promise<DoctorFinding> {
  const { vpcId, subnetIds, publicSubnetIds } = await readNetwork(clients, settings, context);
  const tasks = `${subnetIds.length} subnets for tasks, ${publicSubnetIds.length} public ones`;
  return { subject: "network", state: "ok", message: `${vpcId}: ${tasks}.` };
}

async function clusterFinding(parts: Parts, context: Context, scope: Scope): Promise<DoctorFinding> {
  const { clusterName } = parts.foundation(scope);
  const found = await describeCluster(parts.clients, context, clusterName);
  const message =
    found === undefined
      ? `${clusterName} is not there yet; it is made at the first deployment.`
      : `${clusterName} is ${(found.status ?? "there").toLowerCase()}, ${found.runningTasksCount ?? 0} tasks run.`;
  return { subject: "cluster", state: "ok", message };
}

/** Elastic IPs of a region, unless raised (Amazon EC2 quotas, "EC2-VPC Elastic IPs"). */
const defaultAddresses = 5;

async function addressFinding(
  { clients, settings }: Parts,
  context: Context,
  scope: Scope,
): Promise<DoctorFinding> {
  const [own, all] = await Promise.all([
    findAddresses(clients, settings, context, scope),
    clients.send(context, "ec2", "DescribeAddresses", {}),
  ]);
  const count = all.Addresses?.length ?? 0;
  if (own.length === 0 && count >= defaultAddresses) {
    return {
      subject: "addresses",
      state: "warning",
      message: `${count} Elastic IPs are in use in ${settings.region}; the quota is ${defaultAddresses} unless raised.`,
      hint: "Release one, or ask for more at https://console.aws.amazon.com/servicequotas.",
    };
  }
  return { subject: "addresses", state: "ok", message: `${count} Elastic IPs are in use.` };
}

/** The smallest policies, as JSON that can be attached as it is. */
function policyFindings({ settings }: Parts): readonly DoctorFinding[] {
  return deployerPolicies(settings).map(({ name, when, document }) => ({
    subject: `smallest policy "${name}" (${when})`,
    state: "ok",
    message: JSON.stringify(document),
  }));
}
