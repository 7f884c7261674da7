/** What is known of an operation. */
export interface OperationFacts {
  readonly does: string;
  readonly route: string;
  readonly needs: string;
  /** What the dashboard calls the permission, where that is something else. */
  readonly shown?: string;
}

/**
 * What is asked of Cloudflare: in words, and by which permission of a token, as the API's own reference calls it.
 *
 * That of redirects: developers.cloudflare.com/rules/url-forwarding/single-redirects/create-api; the dashboard has other words.
 */
export const operations = {
  zones: { does: "list the zones", route: "GET /zones", needs: "Zone Read" },
  list: { does: "list the records", route: "GET /zones/{zone_id}/dns_records", needs: "DNS Read" },
  batch: { does: "change records", route: "POST /zones/{zone_id}/dns_records/batch", needs: "DNS Write" },
  usage: { does: "count the records", route: "GET /zones/{zone_id}/dns_records/usage", needs: "DNS Read" },
  setting: {
    does: "read the TLS mode",
    route: "GET /zones/{zone_id}/settings/{setting_id}",
    needs: "Zone Settings Read",
  },
  editSetting: {
    does: "change the TLS mode",
    route: "PATCH /zones/{zone_id}/settings/{setting_id}",
    needs: "Zone Settings Write",
  },
  universal: {
    does: "see whether Universal SSL is on",
    route: "GET /zones/{zone_id}/ssl/universal/settings",
    needs: "SSL and Certificates Read",
  },
  packs: {
    does: "list the certificates of the edge",
    route: "GET /zones/{zone_id}/ssl/certificate_packs",
    needs: "SSL and Certificates Read",
  },
  redirects: {
    does: "list the redirect rules",
    route: "GET /zones/{zone_id}/rulesets/phases/{ruleset_phase}/entrypoint",
    needs: "Dynamic URL Redirects Read",
    shown: "Single Redirect, Read",
  },
  makeRedirects: {
    does: "make the ruleset for redirects",
    route: "POST /zones/{zone_id}/rulesets",
    needs: "Dynamic URL Redirects Write",
    shown: "Single Redirect, Edit",
  },
  addRedirect: {
    does: "add a redirect rule",
    route: "POST /zones/{zone_id}/rulesets/{ruleset_id}/rules",
    needs: "Dynamic URL Redirects Write",
    shown: "Single Redirect, Edit",
  },
  editRedirect: {
    does: "change a redirect rule",
    route: "PATCH /zones/{zone_id}/rulesets/{ruleset_id}/rules/{rule_id}",
    needs: "Dynamic URL Redirects Write",
    shown: "Single Redirect, Edit",
  },
  removeRedirect: {
    does: "remove a redirect rule",
    route: "DELETE /zones/{zone_id}/rulesets/{ruleset_id}/rules/{rule_id}",
    needs: "Dynamic URL Redirects Write",
    shown: "Single Redirect, Edit",
  },
} as const;

/** One of {@link operations}. */
export type Operation = keyof typeof operations;
