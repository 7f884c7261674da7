import type { Certificates, Context, DoctorFinding, Scope } from "@deploy/core";
import type { Parts } from "../parts.js";
import { createAcmCertificates } from "./acm.js";
import { createCaddyCertificates } from "./caddy.js";
import { appCertificates } from "./find.js";
import { isStuck, proofsOf } from "./status.js";

/** Certificates for what serves: ACM's on a load balancer, Caddy's own on one instance. */
export function createCertificates(parts: Parts): Certificates {
  return parts.settings.capacity.kind === "instance"
    ? createCaddyCertificates(parts)
    : createAcmCertificates(parts);
}

/** Days before its end from which a certificate that was not renewed is worth a warning; ACM renews 60 days before. */
const warnDays = 30;

/** What `doctor` says about the certificates of an app: those that expire soon, or that ACM cannot renew. */
export async function certificateFindings(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly DoctorFinding[]> {
  if (parts.settings.capacity.kind === "instance") return [];
  const all = await appCertificates(parts, context, scope);
  return all.flatMap((found): readonly DoctorFinding[] => {
    if (found.expires === undefined) return [];
    const subject = `certificate of ${found.names.join(", ")}`;
    const days = Math.floor((Date.parse(found.expires) - context.clock.now()) / 86_400_000);
    if (days > warnDays && !isStuck(found)) {
      return [{ subject, state: "ok", message: `valid for ${days} days; ACM renews it` }];
    }
    return [
      {
        subject,
        state: days < 7 ? "failed" : "warning",
        message: `it ends in ${days} days, and ACM has not renewed it (${found.renewal ?? "not begun"})`,
        hint: `ACM has to find its validation records: ${proofsOf(found).join(", ")}.`,
      },
    ];
  });
}
