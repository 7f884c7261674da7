import type { Context, Scope } from "@deploy/core";
import type { Output } from "../clients/modules.js";
import { unlessGone } from "../errors.js";
import type { Parts } from "../parts.js";
import { readOnce } from "../resources.js";
import { isOfApp, readTags, type Tags, tagKey } from "../tags.js";
import { type CertificateNames, isSameNames, provedName } from "./names.js";

type Detail = NonNullable<Output<"acm", "DescribeCertificate">["Certificate"]>;
type Summary = NonNullable<Output<"acm", "ListCertificates">["CertificateSummaryList"]>[number];

/** The CNAME by which ACM proves a name. */
export interface Proof {
  readonly name: string;
  readonly value: string;
}

/** A certificate as ACM holds it. */
export interface CertificateObserved {
  readonly arn: string;
  readonly names: readonly string[];
  /** `PENDING_VALIDATION`, `ISSUED`, `FAILED`, … */
  readonly status: string;
  readonly reason?: string;
  /** By proved name, as far as ACM says them: a few seconds after the request. */
  readonly proofs: Readonly<Record<string, Proof>>;
  /** Proved names that ACM has not found the record of. */
  readonly open: readonly string[];
  /** Seconds since it was requested. */
  readonly age: number;
  /** ISO 8601; once it is issued. */
  readonly expires?: string;
  /** `SUCCESS`, `PENDING_VALIDATION`, `FAILED`, …; once its renewal has begun. */
  readonly renewal?: string;
  /** Why its renewal has failed, such as `CAA_ERROR`. */
  readonly renewalReason?: string;
}

/** States in which a certificate is of use, or may become so. */
export function isAlive({ status }: Pick<CertificateObserved, "status">): boolean {
  return status === "PENDING_VALIDATION" || status === "ISSUED" || status === "INACTIVE";
}

/** All certificates of the account in this region. Asked once per plan. */
export function listCertificates(parts: Parts, context: Context): Promise<readonly Summary[]> {
  return readOnce(parts.settings, context, "certificates", () =>
    parts.clients.all(context, "acm", "ListCertificates", {}, (page) => page.CertificateSummaryList),
  );
}

/** Certificates of this app with exactly these names, the newest first. */
export async function findCertificates(
  parts: Parts,
  context: Context,
  scope: Scope,
  names: CertificateNames,
): Promise<readonly CertificateObserved[]> {
  const all = await listCertificates(parts, context);
  const candidates = all.filter(
    ({ DomainName, SubjectAlternativeNameSummaries: others, HasAdditionalSubjectAlternativeNames: more }) => {
      if (DomainName?.toLowerCase() !== names.first) return false;
      return others === undefined || more === true || isSameNames(others, names.all);
    },
  );
  const described = await Promise.all(
    candidates.map(async ({ CertificateArn: arn = "" }) => {
      const [observed, tags] = await Promise.all([
        describeCertificate(parts, context, arn),
        certificateTags(parts, context, arn),
      ]);
      const isOurs = tags !== undefined && isOfApp(tags, scope) && tags[tagKey.hash] === names.hash;
      return observed !== undefined && isOurs ? [observed] : [];
    }),
  );
  return described.flat().sort((one, other) => one.age - other.age);
}

/** All certificates of this app, in no order: those too whose names are wanted no more. */
export async function appCertificates(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly CertificateObserved[]> {
  const all = await listCertificates(parts, context);
  const found = await Promise.all(
    all.map(async ({ CertificateArn: arn = "" }) => {
      const tags = await certificateTags(parts, context, arn);
      if (tags === undefined || !isOfApp(tags, scope)) return [];
      const observed = await describeCertificate(parts, context, arn);
      return observed === undefined ? [] : [observed];
    }),
  );
  return found.flat();
}

/** A certificate by its ARN; undefined when there is none. */
export async function describeCertificate(
  parts: Parts,
  context: Context,
  arn: string,
): Promise<CertificateObserved | undefined> {
  const answer = await unlessGone(
    parts.clients.send(context, "acm", "DescribeCertificate", { CertificateArn: arn }),
  );
  const detail = answer?.Certificate;
  return detail === undefined ? undefined : observe(detail, arn, context.clock.now());
}

/** The tags of a certificate; undefined when it is gone. */
export async function certificateTags(
  parts: Parts,
  context: Context,
  arn: string,
): Promise<Tags | undefined> {
  const answer = await unlessGone(
    parts.clients.send(context, "acm", "ListTagsForCertificate", { CertificateArn: arn }),
  );
  return answer === undefined ? undefined : readTags(answer.Tags);
}

function observe(detail: Detail, arn: string, now: number): CertificateObserved {
  const proofs: Record<string, Proof> = {};
  const open = new Set<string>();
  for (const {
    DomainName = "",
    ResourceRecord: record,
    ValidationStatus,
  } of detail.DomainValidationOptions ?? []) {
    const name = provedName(DomainName.toLowerCase());
    if (record?.Name !== undefined && record.Value !== undefined) {
      proofs[name] = { name: plainName(record.Name), value: plainName(record.Value) };
    }
    if (ValidationStatus !== "SUCCESS") open.add(name);
  }
  const names = [detail.DomainName ?? "", ...(detail.SubjectAlternativeNames ?? [])];
  return {
    arn,
    names: [...new Set(names.map((name) => name.toLowerCase()))].sort(),
    status: detail.Status ?? "PENDING_VALIDATION",
    ...(detail.FailureReason === undefined ? {} : { reason: detail.FailureReason }),
    proofs,
    open: [...open].sort(),
    age: Math.max(0, Math.round((now - (detail.CreatedAt?.getTime() ?? now)) / 1000)),
    ...(detail.NotAfter === undefined ? {} : { expires: detail.NotAfter.toISOString() }),
    ...(detail.RenewalSummary?.RenewalStatus === undefined
      ? {}
      : { renewal: detail.RenewalSummary.RenewalStatus }),
    ...(detail.RenewalSummary?.RenewalStatusReason === undefined
      ? {}
      : { renewalReason: detail.RenewalSummary.RenewalStatusReason }),
  };
}

/** ACM writes names with the last dot. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
