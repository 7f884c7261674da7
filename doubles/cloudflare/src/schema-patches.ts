/** A JSON schema, as far as this double reads one. */
export type Schema = { [key: string]: unknown };

/** A gap of the published schema: what Cloudflare answers and its own document does not allow, or what it lets pass. */
export interface SchemaPatch {
  readonly reason: string;
  apply(schemas: Record<string, Schema>): void;
}

const strict = [
  "dns-records_dns-record-batch-delete",
  "dns-records_dns-record-batch-patch",
  "dns-records_dns-record-batch-put",
];

/** What is changed in the published schema before it judges. */
export const schemaPatches: readonly SchemaPatch[] = [
  {
    reason:
      "A record of a type without components has no `data`: the schema asks for it in every answer and defines it for some types only.",
    apply(schemas) {
      const response = schemas["dns-records_dns-record-response"] as Schema;
      response.required = (response.required as string[]).filter((field) => field !== "data");
    },
  },
  {
    reason: "A record without a comment is answered with `comment: null`, which the schema does not say.",
    apply(schemas) {
      (schemas["dns-records_comment"] as Schema).nullable = true;
    },
  },
  {
    reason:
      "The priority of an MX or SRV record is answered beside its content; of SRV the schema only has it in `data`.",
    apply(schemas) {
      const properties = (schemas["dns-records_SRVRecord"] as Schema).properties as Schema;
      properties.priority = { type: "number" };
    },
  },
  {
    reason: "A zone's owner may be without id and e-mail address: both are answered as null.",
    apply(schemas) {
      for (const schema of Object.values(schemas)) {
        const owner = (schema.properties as Schema | undefined)?.owner as Schema | undefined;
        const fields = owner?.properties as Record<string, Schema> | undefined;
        if (fields?.type === undefined || fields.id === undefined) continue;
        fields.id = { type: "string", nullable: true };
      }
    },
  },
  {
    reason: "An empty MX target is `.` (RFC 7505), which the format `hostname` refuses.",
    apply(schemas) {
      const properties = (schemas["dns-records_MXRecord"] as Schema).properties as Schema;
      const content = properties.content as Schema;
      properties.content = { anyOf: [content, { enum: ["."] }] };
    },
  },
  {
    reason:
      "Stricter than the schema: what it does not name is a misspelling, and `zone_id` has not been in a record since 2025.",
    apply(schemas) {
      for (const name of strict) (schemas[name] as Schema).unevaluatedProperties = false;
      (schemas["dns-records_dns-record-response"] as Schema).unevaluatedProperties = false;
      const batch = (schemas["dns-records_dns-request-batch-object"] as Schema).properties as Schema;
      const posts = batch.posts as Schema;
      posts.items = { allOf: [posts.items], unevaluatedProperties: false };
    },
  },
];
