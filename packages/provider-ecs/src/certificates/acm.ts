import {
  type AnyResource,
  type Certificate,
  type Certificates,
  type Context,
  type DnsRecordSet,
  type In,
  output,
  type Resource,
  type Scope,
} from "@deploy/core";
import { isGone } from "../errors.js";
import { idOf, shortHash } from "../names.js";
import type { Parts } from "../parts.js";
import { alone, ecsResource } from "../resources.js";
import { appTags, tagKey, upperTags } from "../tags.js";
import { certificateFailed } from "./failures.js";
import { type CertificateObserved, describeCertificate, findCertificates, isAlive } from "./find.js";
import { type CertificateNames, certificateNames, provedName } from "./names.js";
import { certificateStatus, duration } from "./status.js";

/** What a certificate is for. Other names are another certificate, since ACM cannot change one. */
export interface CertificateDesired {
  readonly names: readonly string[];
}

/** Any one of them in a CAA record lets ACM issue: "Configure a CAA record" in the user guide of ACM. */
const caaIdentities: readonly string[] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];

/** Element six on AWS, third part: certificates of ACM, proved by DNS, in the load balancer's region. */
export function createAcmCertificates(parts: Parts): Certificates {
  return {
    capabilities: { kind: "acm", wildcards: true, proof: "dns", caaIdentities },
    status: (context, scope) => certificateStatus(parts, context, scope),
    certificate(scope, hosts, prove): Certificate {
      const names = certificateNames(hosts);
      const known: Known = {};
      const certificate = certificateResource(parts, scope, names, known);
      const proofs = provedNames(names).map((name) => prove(name, name, proofRecord(certificate, name)));
      return {
        kind: "acm",
        reference: output(certificate, ({ arn }) => arn),
        resources: [certificate as AnyResource],
        issued: issuedGate(parts, scope, names, known, [
          certificate as AnyResource,
          ...proofs,
        ]) as AnyResource,
      };
    },
  };
}

/** What one run knows of its certificate. */
interface Known {
  /** The gate looks at what the certificate was found to be, without looking for it again at each poll. */
  arn?: string;
  /** It is this run's own: when it fails, there is nothing to wait for, and no other is requested before the next run. */
  isRequested?: true;
}

/** The id of a certificate by the hash of its names. */
export function certificateId(parts: Parts, scope: Scope, hash: string): string {
  return idOf(parts.settings, "certificates", scope, "certificate", hash);
}

function certificateResource(
  parts: Parts,
  scope: Scope,
  names: CertificateNames,
  known: Known,
): Resource<CertificateDesired, CertificateObserved> {
  const { clients, settings } = parts;
  return ecsResource<CertificateDesired, CertificateObserved>("certificates", {
    id: certificateId(parts, scope, names.hash),
    label: `certificate of ${names.all.join(", ")}`,
    desired: { names: names.all },
    async read(context) {
      const all = await findCertificates(parts, context, scope, names);
      const found = all.find(isAlive);
      if (found !== undefined) known.arn = found.arn;
      const dead =
        found === undefined && known.isRequested ? all.find(({ arn }) => arn === known.arn) : undefined;
      if (dead !== undefined) throw certificateFailed(names.all, dead.status, dead.reason);
      return found;
    },
    // Names are what it is found by; everything else is ACM's.
    diff: () => [],
    pending({ proofs }) {
      const missing = provedNames(names).filter((name) => proofs[name] === undefined);
      if (missing.length === 0) return undefined;
      return `ACM has not said yet which record proves ${missing.join(", ")}`;
    },
    async create(context) {
      const dead = (await findCertificates(parts, alone(context), scope, names)).filter(
        (one) => !isAlive(one),
      );
      const made = await clients.send(
        context,
        "acm",
        "RequestCertificate",
        {
          DomainName: names.first,
          ...(names.all.length === 1
            ? {}
            : { SubjectAlternativeNames: names.all.filter((name) => name !== names.first) }),
          ValidationMethod: "DNS",
          // For an hour the same token is the same request: one that has failed must not be answered with again.
          IdempotencyToken: shortHash(
            [scope.app, scope.environment, names.hash, ...dead.map(({ arn }) => arn)].join(" "),
            32,
          ),
          Tags: upperTags(appTags(settings, scope, { [tagKey.hash]: names.hash })),
        },
        { repeatable: true },
      );
      const arn = made.CertificateArn ?? "";
      known.arn = arn;
      known.isRequested = true;
      for (const one of dead) await forget(parts, context, one.arn);
      return {
        arn,
        names: names.all,
        status: "PENDING_VALIDATION",
        proofs: {},
        open: provedNames(names),
        age: 0,
      };
    },
  });
}

/** Open once ACM has issued it. */
function issuedGate(
  parts: Parts,
  scope: Scope,
  names: CertificateNames,
  known: Known,
  after: readonly AnyResource[],
): Resource<Record<string, never>, CertificateObserved> {
  return ecsResource<Record<string, never>, CertificateObserved>("certificates", {
    id: idOf(parts.settings, "certificates", scope, "issued", names.hash),
    label: `certificate of ${names.all.join(", ")} to be issued`,
    desired: {},
    after,
    async read(context) {
      const found =
        known.arn === undefined ? undefined : await describeCertificate(parts, context, known.arn);
      return found ?? (await findCertificates(parts, context, scope, names)).find(isAlive);
    },
    pending: (observed) => whyNotIssued(names, observed),
  });
}

/** Why a certificate is not issued yet: which records ACM still looks for. Throws when it never will be. */
function whyNotIssued(names: CertificateNames, observed: CertificateObserved): string | undefined {
  const { status, proofs, open, age, reason } = observed;
  if (status === "ISSUED") return undefined;
  if (!isAlive(observed)) throw certificateFailed(names.all, status, reason);
  const records = open.flatMap((name) => {
    const proof = proofs[name];
    return proof === undefined ? [] : [`${proof.name} CNAME ${proof.value}`];
  });
  const what = records.length === 0 ? "the certificate" : `the record ${records.join(", and ")}`;
  return `ACM has not ${records.length === 0 ? "issued" : "seen"} ${what} yet (requested ${duration(age)} ago)`;
}

function provedNames({ all }: CertificateNames): string[] {
  return [...new Set(all.map(provedName))];
}

function proofRecord(
  certificate: Resource<CertificateDesired, CertificateObserved>,
  name: string,
): In<DnsRecordSet> {
  return {
    name: output(certificate, ({ proofs }) => proofs[name]?.name ?? ""),
    type: "CNAME",
    values: [output(certificate, ({ proofs }) => proofs[name]?.value ?? "")],
  };
}

/** A certificate that failed is of use to nobody; one that is in use all the same is left for the next run. */
async function forget({ clients }: Parts, context: Context, arn: string): Promise<void> {
  await clients
    .send(context, "acm", "DeleteCertificate", { CertificateArn: arn }, { repeatable: true })
    .catch((error: unknown) => {
      if (!isGone(error)) context.log(`${arn} has failed before and could not be deleted yet`);
    });
}
