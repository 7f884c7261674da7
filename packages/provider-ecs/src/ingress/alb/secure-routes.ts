import {
  type AnyResource,
  type Context,
  type FieldChange,
  type Out,
  type Resource,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { isAwsError } from "../../errors.js";
import type { Parts } from "../../parts.js";
import { alone, ecsResource } from "../../resources.js";
import { groupTags, upperTags } from "../../tags.js";
import { compare, observe, type RoutesObserved, readRoutes, secureRoutesId } from "./routes.js";
import { type ActionText, convergeRules, nowhere, textOf, toHttps } from "./rules.js";
import { balancerState, balancerStateNow, listenerOn } from "./state.js";

/** What hosts lead to on port 443, and by which certificate. */
export interface SecureRoutesDesired {
  readonly hosts: Readonly<Record<string, ActionText>>;
  /** ARN of an issued certificate of ACM. */
  readonly certificate: string;
}

/** Older protocols are refused; the newest policy that ELB recommends and browsers of the last ten years can do. */
const sslPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/**
 * The hosts of an app by HTTPS, once its certificate is issued: port 443 with the certificate, a rule for each host, and
 * after that port 80 redirects to it. Nothing before this waits for the certificate.
 */
export function secureRoutes(
  parts: Parts,
  scope: Scope,
  hosts: Readonly<Record<string, ActionText>>,
  certificate: Out<string>,
  after: readonly AnyResource[],
): Resource<SecureRoutesDesired, RoutesObserved> {
  const names = Object.keys(hosts);
  const converge = async (context: Context, desired: SecureRoutesDesired): Promise<RoutesObserved> => {
    await serveCertificate(parts, context, scope, desired.certificate);
    await convergeRules(parts, context, scope, 443, desired.hosts);
    await convergeRules(parts, context, scope, 80, redirects(desired.hosts));
    return observe(await balancerState(parts, alone(context), scope), scope);
  };
  return ecsResource<SecureRoutesDesired, RoutesObserved>("ingress", {
    id: secureRoutesId(parts, scope),
    label: `HTTPS of ${names.join(", ")}`,
    desired: { hosts, certificate },
    after,
    async read(context) {
      const read = await readRoutes(parts, context, scope, names);
      if (read === undefined || "foreign" in read) return read;
      return Object.keys(read.https).length === 0 ? undefined : read;
    },
    diff(late, observed) {
      const { certificate: arn } = late as { certificate: string | typeof UNKNOWN };
      const changes: FieldChange[] = [
        ...compare("https", hosts, observed.https),
        ...compare("http", redirects(hosts), observed.http),
        ...compareListener(observed),
      ];
      if (arn === UNKNOWN)
        return [...changes, { path: "certificate", from: observed.certificates, unknown: true }];
      if (observed.certificates.includes(arn)) return changes;
      return [...changes, { path: "certificate", from: observed.certificates, to: arn }];
    },
    create: converge,
    update: converge,
  });
}

/** Port 443 is shared: what it is apart from anybody's hosts is held to by each app. */
function compareListener({ listener }: RoutesObserved): FieldChange[] {
  if (listener === undefined) return [];
  const changes: FieldChange[] = [];
  if (listener.sslPolicy !== sslPolicy) {
    changes.push({ path: "sslPolicy", from: listener.sslPolicy, to: sslPolicy });
  }
  if (listener.default !== textOf(nowhere)) {
    changes.push({ path: "default", from: listener.default, to: textOf(nowhere) });
  }
  return changes;
}

function redirects(hosts: Readonly<Record<string, ActionText>>): Record<string, ActionText> {
  return Object.fromEntries(Object.keys(hosts).map((host) => [host, toHttps]));
}

/** Port 443 with this certificate among its own; the port is made with the first one. */
async function serveCertificate(
  parts: Parts,
  context: Context,
  scope: Scope,
  certificate: string,
): Promise<void> {
  const Certificates = [{ CertificateArn: certificate }];
  for (let attempt = 1; ; attempt += 1) {
    const state = await balancerStateNow(parts, context, scope);
    const listener = listenerOn(state, 443);
    if (listener !== undefined && compareListener(observe(state, scope)).length > 0) {
      await parts.clients.send(context, "elb", "ModifyListener", {
        ListenerArn: listener.arn,
        SslPolicy: sslPolicy,
        DefaultActions: [nowhere],
      });
    }
    if (listener?.certificates.includes(certificate) === true) return;
    if (listener !== undefined) {
      await parts.clients.send(
        context,
        "elb",
        "AddListenerCertificates",
        { ListenerArn: listener.arn, Certificates },
        { repeatable: true },
      );
      return;
    }
    try {
      await parts.clients.send(context, "elb", "CreateListener", {
        LoadBalancerArn: state?.arn,
        Port: 443,
        Protocol: "HTTPS",
        SslPolicy: sslPolicy,
        Certificates,
        DefaultActions: [nowhere],
        Tags: upperTags(groupTags(parts.settings, scope)),
      });
      return;
    } catch (error) {
      // Another app of the group has made it meanwhile: the certificate is added to it.
      const isMade = isAwsError(error, "DuplicateListener", "DuplicateListenerException");
      if (attempt === 3 || !isMade) throw error;
    }
  }
}

/**
 * Takes a certificate off port 443, so that it can be deleted. The first one of a listener cannot be taken away: another
 * one takes its place, and where there is none the port is closed.
 */
export async function dropCertificate(
  parts: Parts,
  context: Context,
  scope: Scope,
  certificate: string,
): Promise<void> {
  const listener = listenerOn(await balancerStateNow(parts, context, scope), 443);
  if (listener === undefined || !listener.certificates.includes(certificate)) return;
  const { arn } = listener;
  if (listener.certificates[0] === certificate) {
    const next = listener.certificates[1];
    if (next === undefined) {
      await parts.clients.send(context, "elb", "DeleteListener", { ListenerArn: arn }, { repeatable: true });
      return;
    }
    await parts.clients.send(context, "elb", "ModifyListener", {
      ListenerArn: arn,
      Certificates: [{ CertificateArn: next }],
    });
  }
  await parts.clients.send(
    context,
    "elb",
    "RemoveListenerCertificates",
    { ListenerArn: arn, Certificates: [{ CertificateArn: certificate }] },
    { repeatable: true },
  );
}
