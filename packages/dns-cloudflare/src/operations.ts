/** What is asked of Cloudflare: in words, and by which permission of a token, as it is called in the API's own schema. */
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
} as const;

/** One of {@link operations}. */
export type Operation = keyof typeof operations;
