import { answer, type Route, text } from "./http.js";
import { fixedId, now } from "./ids.js";
import type { World } from "./world.js";

/** The account itself, what is left of its rate limit, and what is the same for everybody: regions, stacks, generations. */
export function accountRoutes(world: World): Route[] {
  return [
    {
      method: "GET",
      path: "/account",
      shows: "account",
      handle: ({ account }) => answer(describe(world, account)),
    },
    {
      method: "PATCH",
      path: "/account",
      shows: "account",
      handle: ({ account, body }) => {
        account.name = text(body, "name") ?? account.name;
        return answer(describe(world, account));
      },
    },
    {
      method: "GET",
      path: "/account/rate-limits",
      free: true,
      handle: ({ account }) =>
        answer({ remaining: Math.min(...account.tokens.map((token) => world.ledger.remaining(token))) }),
    },
    { method: "GET", path: "/account/features", list: true, handle: () => answer([]) },
    { method: "GET", path: "/regions", list: true, open: true, handle: () => answer(regions) },
    { method: "GET", path: "/stacks", list: true, open: true, handle: () => answer(stacks) },
    {
      method: "GET",
      path: "/generations",
      list: true,
      open: true,
      shows: "generation",
      handle: () => answer(generations),
    },
    {
      method: "GET",
      path: "/apps/{app}/available-stacks",
      list: true,
      handle: () => answer(stacks),
    },
  ];
}

const since = "2012-01-01T12:00:00Z";

/** A region, by its name. */
export function regionRef(name: string): { id: string; name: string } {
  return { id: fixedId(`region ${name}`), name };
}

/** A stack, by its name. */
export function stackRef(name: string): { id: string; name: string } {
  return { id: fixedId(`stack ${name}`), name };
}

/** The names of the regions: the two common ones, and one for private spaces. */
export const regionNames: readonly string[] = ["us", "eu", "virginia", "frankfurt"];

/** The names of the stacks an app may have. */
export const stackNames: readonly string[] = ["container", "heroku-22", "heroku-24", "heroku-26"];

const regions = regionNames.map((name) => ({
  ...regionRef(name),
  country: name === "eu" || name === "frankfurt" ? "Germany" : "United States",
  description: name,
  locale: name,
  private_capable: name === "virginia" || name === "frankfurt",
  provider: {
    name: "amazon-web-services",
    region: name === "eu" || name === "frankfurt" ? "eu-central-1" : "us-east-1",
  },
  created_at: since,
  updated_at: since,
}));

const stacks = stackNames.map((name) => ({
  ...stackRef(name),
  default: name === "heroku-24",
  state: "public",
  created_at: since,
  updated_at: since,
}));

/** What the Fir generation cannot do, in the words of `unsupported_features` as Terraform's provider reads them. */
const generations = [
  { name: "cedar", unsupported: [] },
  {
    name: "fir",
    unsupported: [
      "app_log_drains",
      "space_log_drains",
      "private_vpn",
      "outbound_rules",
      "inbound_ips",
      "shield",
      "inbound_rules",
      "peering",
      "autoscaling",
      "stack_management",
      "internal_routing",
    ],
  },
].map(({ name, unsupported }) => ({
  id: fixedId(`generation ${name}`),
  name,
  unsupported_features: unsupported,
  expanded_supported_features: [],
  created_at: since,
  updated_at: since,
}));

function describe(world: World, account: World["state"]["accounts"][number]): unknown {
  const team = world.state.teams.find((one) => one.members.some((member) => member.email === account.email));
  const reference = team ? { id: team.id, name: team.name } : null;
  return {
    id: account.id,
    email: account.email,
    name: account.name,
    allow_tracking: true,
    beta: false,
    federated: false,
    identity_provider: null,
    last_login: now(),
    sms_number: null,
    suspended_at: account.suspendedAt,
    delinquent_at: account.delinquentAt,
    two_factor_authentication: account.twoFactorCode !== undefined,
    verified: account.verified,
    country_of_residence: "United States",
    eco_dynos_enabled: account.ecoDynosEnabled,
    eco_dynos_shutdown_at: null,
    pipeline_cost_consent_at: null,
    acknowledged_msa: true,
    acknowledged_msa_at: account.createdAt,
    italian_customer_terms: null,
    italian_partner_terms: null,
    mfa_enabled: account.twoFactorCode !== undefined,
    mfa_exemption: false,
    mfa_exemption_reason: null,
    mfa_experience: "vaas",
    default_organization: reference,
    default_team: reference,
    created_at: account.createdAt,
    updated_at: account.createdAt,
  };
}
