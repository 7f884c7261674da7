import type { Certificates, Context, DoctorFinding, Scope } from "@deploy/core";
import type { Parts } from "../parts.js";
import { isOfApp } from "../tags.js";
import { createAcmCertificates } from "./acm.js";
import { createCaddyCertificates } from "./caddy.js";
import { certificateTags, describeCertificate, listCertificates } from "./find.js";

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
  const all = await listCertificates(parts, context);
  const findings = await Promise.all(
    all.map(async ({ CertificateArn: arn = "" }): Promise<DoctorFinding[]> => {
      const tags = await certificateTags(parts, context, arn);
      if (tags === undefined || !isOfApp(tags, scope)) return [];
      const found = await describeCertificate(parts, context, arn);
      if (found?.expires === undefined) return [];
      const subject = `certificate of ${found.names.join(", ")}`;
      const days = Math.floor((Date.parse(found.expires) - context.clock.now()) / 86_400_000);
      const isStuck = found.renewal === "FAILED" || found.renewal === "PENDING_VALIDATION";
      if (days > warnDays && !isStuck) {
        return [{ subject, state: "ok", message: `valid for ${days} days; ACM renews it` }];
      }
      const records = Object.values(found.proofs).map(({ name, value }) => `${name} CNAME ${value}`);
      return [
        {
          subject,
          state: days < 7 ? "failed" : "warning",
          message: `it ends in ${days} days, and ACM has not renewed it (${found.renewal ?? "not begun"})`,
          hint: `ACM has to find its validation records: ${records.join(", ")}.`,
        },
      ];
    }),
  );
  return findings.flat();
}
