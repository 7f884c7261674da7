import { type Call, paged, type Route, refuse } from "./http.js";
import type { CertificatePack, CloudflareZone, PlanName } from "./state.js";
import type { World } from "./world.js";

const zone = "/zones/{zone_id}";
const readZone = [
  "Zone Read",
  "Zone Write",
  "DNS Read",
  "DNS Write",
  "Zone Settings Read",
  "Zone Settings Write",
];
const readTls = ["SSL and Certificates Write", "SSL and Certificates Read"];
const writeTls = ["SSL and Certificates Write"];
const readSettings = ["Zone Settings Write", "Zone Settings Read"];

const plans: Readonly<Record<PlanName, { readonly name: string; readonly price: number }>> = {
  free: { name: "Free Website", price: 0 },
  pro: { name: "Pro Website", price: 20 },
  business: { name: "Business Website", price: 200 },
  enterprise: { name: "Enterprise Website", price: 0 },
};

const never = "2014-01-01T05:20:00.12345Z";

/** Routes of zones, their settings and certificates, and of the token itself. */
export function zoneRoutes(world: World): readonly Route[] {
  const setting = (id: string, value: unknown) => ({
    result: { id, value, editable: true, modified_on: never },
  });
  const chosen = (call: Call): unknown => {
    const id = call.params.setting_id;
    if (id === "ssl") return call.zone.ssl;
    return refuse(400, 1003, `Undefined zone setting: ${id}`);
  };
  return [
    {
      method: "GET",
      path: "/user/tokens/verify",
      permissions: [],
      handle: ({ token }) => ({ result: { id: token.id, status: token.status } }),
    },
    {
      method: "GET",
      path: "/zones",
      permissions: ["Zone Read"],
      handle: ({ token, query }) => {
        const found = world.zones
          .filter((one) => one.account === token.account && (token.zones?.includes(one.name) ?? true))
          .filter((one) => isAskedFor(one, query))
          .sort((left, right) => (left.name < right.name ? -1 : 1));
        const page = paged(found, query, { usual: 20, least: 5, most: 50 });
        return { ...page, result: (page.result as CloudflareZone[]).map(showZone) };
      },
    },
    { method: "GET", path: zone, permissions: readZone, handle: (call) => ({ result: showZone(call.zone) }) },
    {
      method: "GET",
      path: `${zone}/settings/ssl_automatic_mode`,
      permissions: [...readSettings, ...readTls],
      handle: (call) => setting("ssl_automatic_mode", call.zone.automaticMode),
    },
    {
      method: "PATCH",
      path: `${zone}/settings/ssl_automatic_mode`,
      permissions: ["Zone Settings Write", ...writeTls],
      handle: (call) => {
        call.zone.automaticMode = call.body.value as CloudflareZone["automaticMode"];
        return setting("ssl_automatic_mode", call.zone.automaticMode);
      },
    },
    {
      method: "GET",
      path: `${zone}/settings/{setting_id}`,
      permissions: readSettings,
      handle: (call) => setting(String(call.params.setting_id), chosen(call)),
    },
    {
      method: "PATCH",
      path: `${zone}/settings/{setting_id}`,
      permissions: ["Zone Settings Write"],
      handle: (call) => {
        chosen(call);
        if (!["off", "flexible", "full", "strict"].includes(String(call.body.value))) {
          refuse(400, 1007, "Invalid value for zone setting ssl");
        }
        call.zone.ssl = call.body.value as CloudflareZone["ssl"];
        return setting("ssl", call.zone.ssl);
      },
    },
    {
      method: "GET",
      path: `${zone}/ssl/universal/settings`,
      permissions: readTls,
      handle: (call) => ({ result: { enabled: call.zone.universalEnabled } }),
    },
    {
      method: "PATCH",
      path: `${zone}/ssl/universal/settings`,
      permissions: writeTls,
      handle: (call) => {
        call.zone.universalEnabled = call.body.enabled === true;
        return { result: { enabled: call.zone.universalEnabled } };
      },
    },
    {
      method: "GET",
      path: `${zone}/ssl/certificate_packs`,
      permissions: readTls,
      handle: (call) => {
        const all = call.query.get("status") === "all";
        const packs = call.zone.packs.filter(({ status }) => all || status === "active");
        const page = paged(packs, call.query, { usual: 20, least: 5, most: 50 });
        return { ...page, result: (page.result as CertificatePack[]).map(showPack) };
      },
    },
    {
      method: "GET",
      path: `${zone}/ssl/verification`,
      permissions: readTls,
      handle: (call) => ({
        bare: true,
        result: call.zone.packs.map(({ id, status }) => ({
          cert_pack_uuid: id,
          certificate_status: status === "active" ? "active" : "initializing",
          validation_method: "txt",
          verification_status: status === "active",
        })),
      }),
    },
  ];
}

/** `name` may begin with an operator: `contains:example`. */
function isAskedFor(one: CloudflareZone, query: URLSearchParams): boolean {
  const asked = query.get("name");
  const status = query.get("status");
  const account = query.get("account.id");
  if (status !== null && status !== one.status) return false;
  if (account !== null && account !== one.account) return false;
  if (asked === null) return true;
  const [operator, text] = asked.includes(":") ? (asked.split(":") as [string, string]) : ["equal", asked];
  const tests: Readonly<Record<string, boolean>> = {
    equal: one.name === text,
    contains: one.name.includes(text),
    starts_with: one.name.startsWith(text),
    ends_with: one.name.endsWith(text),
    not_equal: one.name !== text,
  };
  return tests[operator] ?? false;
}

function showZone(one: CloudflareZone): unknown {
  return {
    id: one.id,
    name: one.name,
    status: one.status,
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: one.nameServers,
    original_name_servers: ["ns1.example.net"],
    original_registrar: null,
    original_dnshost: null,
    created_on: never,
    modified_on: never,
    activated_on: one.status === "active" ? never : null,
    meta: { step: 2, custom_certificate_quota: 0, page_rule_quota: 3, phishing_detected: false },
    owner: { id: null, type: "user", email: null },
    account: { id: one.account, name: "The account" },
    permissions: ["#dns_records:edit", "#zone:read"],
    plan: {
      id: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
      ...plans[one.plan],
      currency: "USD",
      frequency: "",
      is_subscribed: true,
      can_subscribe: false,
      legacy_id: one.plan,
      legacy_discount: false,
      externally_managed: false,
    },
  };
}

function showPack(pack: CertificatePack): unknown {
  const certificate = {
    id: `${pack.id}-1`,
    hosts: pack.hosts,
    issuer: "GoogleTrustServices",
    signature: "ECDSAWithSHA256",
    status: pack.status,
    bundle_method: "ubiquitous",
    uploaded_on: never,
    modified_on: never,
    expires_on: pack.expires,
  };
  return {
    id: pack.id,
    type: pack.type,
    hosts: pack.hosts,
    status: pack.status,
    primary_certificate: pack.expires === undefined ? "0" : certificate.id,
    validation_method: "txt",
    validity_days: 90,
    certificate_authority: "google",
    ...(pack.problem === undefined ? {} : { validation_errors: [{ message: pack.problem }] }),
    certificates: pack.expires === undefined ? [] : [certificate],
  };
}
