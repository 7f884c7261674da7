/**
 * Domains, certificates, and the provider's own permissions. As the API answers.
 *
 * @module
 */

import type {
  AllDomains,
  CertificateView,
  DomainsView,
  EnvironmentDomains,
  VendorAccessView,
} from "../../src/shared/app-types.js";
import { DAY, HOSTILE, HOUR, MINUTE, seen } from "./values.js";

const certificate = (host: string, daysLeft: number, now: number): CertificateView => ({
  hosts: [host],
  issuer: "Amazon",
  state: "issued",
  expires: now + daysLeft * DAY,
  daysLeft,
  renewal: "renewed by itself while its record stays",
  source: "vendor",
});

function domainsView(now: number): DomainsView {
  return {
    state: "wrong",
    checkedAt: now - 5 * MINUTE,
    byHand: ["www.shop.example.org. 300 IN CNAME lb-1.eu-central-1.elb.amazonaws.com."],
    proofs: [],
    certificates: [certificate("shop.example.org", 61, now), certificate("www.shop.example.org", 9, now)],
    zones: [
      {
        zone: "example.org",
        provider: "cloudflare",
        wanted: ["ada.ns.example.net", "bob.ns.example.net"],
        delegation: ["ada.ns.example.net", "bob.ns.example.net"],
        own: ["ada.ns.example.net", "bob.ns.example.net"],
        servers: [
          { server: "ada.ns.example.net", state: "answers" },
          { server: "bob.ns.example.net", state: "silent", reason: "no answer within 2 s" },
        ],
      },
    ],
    findings: [
      {
        name: "www.shop.example.org",
        severity: "problem",
        message: "The CNAME leads to old.example.net.",
        hint: "Take it over with deploy up --adopt, or remove it at Cloudflare.",
      },
      { name: "example.org", severity: "note", message: "One of two name servers is silent." },
    ],
    domains: [
      {
        host: "shop.example.org",
        leadsTo: { process: "web" },
        state: "ok",
        zone: "example.org",
        provider: "cloudflare",
        records: [
          {
            name: "shop.example.org",
            type: "CNAME",
            wanted: ["lb-1.eu-central-1.elb.amazonaws.com"],
            held: "ours",
            present: ["lb-1.eu-central-1.elb.amazonaws.com"],
            changes: false,
            answered: { state: "everywhere", agree: 2, of: 2 },
          },
        ],
        certificate: certificate("shop.example.org", 61, now),
        ingress: { target: "lb-1.eu-central-1.elb.amazonaws.com" },
        probe: {
          address: "192.0.2.10",
          certificate: {
            issuer: "Amazon",
            matches: true,
            trusted: true,
            expires: now + 61 * DAY,
            daysLeft: 61,
          },
          https: { status: 200 },
          http: { status: 301, location: "https://shop.example.org/" },
        },
        findings: [],
      },
      {
        host: "www.shop.example.org",
        leadsTo: { redirect: "shop.example.org" },
        state: "wrong",
        zone: "example.org",
        provider: "cloudflare",
        records: [
          {
            name: "www.shop.example.org",
            type: "CNAME",
            wanted: ["lb-1.eu-central-1.elb.amazonaws.com"],
            held: "foreign",
            present: ["old.example.net"],
            owner: `made by hand: ${HOSTILE}`,
            changes: false,
            answered: { state: "nowhere", agree: 0, of: 2 },
          },
        ],
        certificate: certificate("www.shop.example.org", 9, now),
        findings: [
          {
            name: "www.shop.example.org",
            severity: "problem",
            message: "The CNAME leads to old.example.net.",
            hint: "Take it over with deploy up --adopt, or remove it at Cloudflare.",
          },
        ],
      },
    ],
  };
}

/** `GET …/domains`. */
export function environmentDomains(now: number): EnvironmentDomains {
  return { app: "shop", environment: "production", domains: seen(domainsView(now), now - 40_000) };
}

/** `GET /api/domains`. */
export function allDomains(now: number): AllDomains {
  return {
    now,
    environments: [
      environmentDomains(now),
      {
        app: "shop",
        environment: "staging",
        domains: {
          refreshing: false,
          stale: false,
          failedAt: now - 30_000,
          trouble: { code: "heroku.unreachable", message: "Heroku does not answer." },
        },
      },
    ],
  };
}

/** `GET …/vendor-access` of a provider with permissions of its own. */
export function vendorAccess(now: number): VendorAccessView {
  return {
    app: "shop",
    environment: "production",
    provider: "heroku",
    supports: { viewer: true, deployer: true, operator: { no: "Heroku's teams only" }, manager: true },
    people: seen(
      [
        { person: "maria@example.org", here: "manager", there: "manager", state: "same" },
        {
          person: "lee@example.org",
          here: "viewer",
          state: "only here",
          trouble: { code: "heroku.forbidden", message: "The token may not add collaborators." },
          triedAt: now - HOUR,
        },
        { person: "former@example.org", there: "deployer", state: "only there" },
      ],
      now - 9000,
    ),
  };
}

/** The same, of a provider that has none. */
export function noVendorAccess(now: number): VendorAccessView {
  const no = { no: "It runs on this machine: who may use the machine may use it." };
  return {
    app: "shop",
    environment: "staging",
    provider: "local",
    supports: { viewer: no, deployer: no, operator: no, manager: no },
    people: seen([], now),
  };
}
