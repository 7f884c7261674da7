import type { CertificateStatus, Context, Scope } from "@deploy/core";
import type { Parts } from "../parts.js";
import { certificateFailed } from "./failures.js";
import { appCertificates, type CertificateObserved, isAlive } from "./find.js";

/** The certificates of an app as ACM has them: what it waits for, when they end, and how their renewal goes. */
export async function certificateStatus(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly CertificateStatus[]> {
  const all = await appCertificates(parts, context, scope);
  return all.map((found) => {
    const problem = problemOf(found);
    return {
      hosts: found.names,
      issuer: "Amazon",
      state: stateOf(found),
      ...(found.expires === undefined ? {} : { expires: found.expires }),
      renewal: renewalOf(found),
      ...(problem === undefined ? {} : { problem }),
    };
  });
}

function stateOf(found: CertificateObserved): CertificateStatus["state"] {
  if (!isAlive(found)) return "failed";
  return found.status === "PENDING_VALIDATION" ? "pending" : "issued";
}

/** Whether ACM has begun to renew it, and does not get on. */
export function isStuck({ renewal }: Pick<CertificateObserved, "renewal">): boolean {
  return renewal === "FAILED" || renewal === "PENDING_VALIDATION";
}

/** The records by which ACM proves its names, as a person would make them. */
export function proofsOf({ proofs }: Pick<CertificateObserved, "proofs">): readonly string[] {
  return Object.values(proofs).map(({ name, value }) => `${name} CNAME ${value}`);
}

/** What `RenewalSummary.RenewalStatus` means (ACM user guide, "Managed certificate renewal"). */
function renewalOf({ renewal }: CertificateObserved): string {
  switch (renewal) {
    case "PENDING_AUTO_RENEWAL":
      return "ACM is renewing it";
    case "SUCCESS":
      return "ACM has renewed it";
    case "PENDING_VALIDATION":
    case "FAILED":
      return "ACM has not been able to renew it";
    default:
      return "ACM renews it 60 days before it ends, as long as it is in use and its validation records stand";
  }
}

function problemOf(found: CertificateObserved): string | undefined {
  const { names, status, reason, age, open, proofs, renewal, renewalReason } = found;
  if (!isAlive(found)) {
    const { message, hint } = certificateFailed(names, status, reason);
    return hint === undefined ? message : `${message} ${hint}`;
  }
  if (status === "PENDING_VALIDATION") {
    const missing = open.flatMap((name) => (proofs[name] === undefined ? [] : [proofs[name]]));
    const records = missing.map(({ name, value }) => `${name} CNAME ${value}`).join(", ");
    const what = records === "" ? "ACM has not issued it yet" : `ACM has not seen ${records} yet`;
    return `${what}; requested ${duration(age)} ago`;
  }
  if (!isStuck(found)) return undefined;
  const why = renewalReason === undefined ? renewal : `${renewal}, ${renewalReason}`;
  return `its renewal does not get on (${why}): ACM has to find ${proofsOf(found).join(", ")}`;
}

/** Seconds as a person reads them. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
