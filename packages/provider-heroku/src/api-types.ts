/**
 * The fields of Heroku's answers that this provider reads, as the public schema has them (variant 3, and 3.sdk where
 * it is said). Whatever else comes is ignored.
 *
 * @module
 */

/** Something by id and name. */
export interface NamedReference {
  readonly id: string;
  readonly name: string;
}

/** `GET /apps/:app`, `GET /teams/apps/:app`. */
export interface HerokuApp {
  readonly id: string;
  readonly name: string;
  readonly owner: { readonly id: string; readonly email: string };
  readonly team: NamedReference | null;
  readonly space: (NamedReference & { readonly shield?: boolean }) | null;
  readonly region: NamedReference;
  readonly stack: NamedReference;
  readonly build_stack: NamedReference;
  readonly web_url: string | null;
  readonly acm: boolean;
  readonly maintenance: boolean;
  readonly internal_routing: boolean | null;
  /** Team apps only. */
  readonly locked?: boolean;
  /** Variant 3.sdk: `cedar` or `fir`. */
  readonly generation?: string | { readonly name: string };
  readonly created_at: string;
  readonly updated_at: string;
  readonly released_at: string | null;
}

/** `GET /account`. */
export interface HerokuAccount {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly default_team: NamedReference | null;
  readonly verified: boolean;
  readonly suspended_at: string | null;
  readonly delinquent_at: string | null;
  readonly eco_dynos_enabled?: boolean;
  readonly mfa_enabled?: boolean;
}

/** `GET /teams/:team`. */
export interface HerokuTeam extends NamedReference {
  /** The caller's: `admin`, `collaborator`, `member`, `owner`, `viewer`, or null. */
  readonly role: string | null;
  readonly type: string;
}

/** `GET /spaces/:space`. */
export interface HerokuSpace extends NamedReference {
  readonly region: NamedReference;
  readonly team: NamedReference;
  readonly shield: boolean;
  readonly state: "allocating" | "allocated" | "deleting";
  readonly generation?: string | { readonly name: string };
}

/** `GET /apps/:app/formation`. */
export interface HerokuFormation {
  readonly id: string;
  readonly type: string;
  readonly quantity: number;
  readonly size: string;
  readonly command: string;
  readonly updated_at: string;
  /** Variant 3.docker-releases: the image of this type. */
  readonly docker_image?: { readonly id: string } | null;
}

/** `GET /dyno-sizes`, `GET /apps/:app/available-dyno-sizes`. */
export interface HerokuDynoSize {
  readonly id: string;
  readonly name: string;
  /** GB. */
  readonly memory: number;
  readonly compute: number;
  readonly dedicated: boolean;
  readonly private_space_only: boolean;
  /** Undocumented: seen as `{ cents, unit }`, or null. */
  readonly cost: { readonly cents?: number; readonly unit?: string } | null;
  readonly precise_dyno_units?: number;
  /** Variant 3.sdk. */
  readonly can_autoscale?: boolean;
  readonly generation?: NamedReference;
}

/** `GET /apps/:app/dynos`. */
export interface HerokuDyno {
  readonly id: string;
  /** `web.1`. */
  readonly name: string;
  readonly type: string;
  readonly size: string;
  readonly command: string;
  readonly state:
    | "idle"
    | "starting"
    | "up"
    | "crashed"
    | "down"
    | "complete"
    | "provisioning"
    | "failed"
    | "stopping";
  readonly release: { readonly id: string; readonly version: number };
  /** `rendezvous://…` of a one-off that was started attached: a secret. */
  readonly attach_url: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** `GET /apps/:app/releases`. */
export interface HerokuRelease {
  readonly id: string;
  readonly version: number;
  readonly status: "pending" | "succeeded" | "failed" | "expired";
  readonly description: string;
  readonly current: boolean;
  readonly user: { readonly id: string; readonly email: string };
  readonly slug: { readonly id: string } | null;
  /** Variant 3.sdk. */
  readonly oci_image?: { readonly id: string } | null;
  readonly eligible_for_rollback?: boolean;
  /** A secret while the release runs: whoever has it may read the output. */
  readonly output_stream_url: string | null;
  readonly addon_plan_names: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
}

/** `GET /apps/:app/builds`. */
export interface HerokuBuild {
  readonly id: string;
  readonly status: "pending" | "succeeded" | "failed";
  readonly source_blob: {
    readonly url: string;
    readonly checksum: string | null;
    readonly version: string | null;
    readonly version_description?: string | null;
  };
  /** A secret: whoever has it may read the output. */
  readonly output_stream_url: string;
  readonly release: { readonly id: string } | null;
  readonly slug: { readonly id: string } | null;
  readonly stack: string;
  readonly user: { readonly id: string; readonly email: string };
  readonly created_at: string;
  readonly updated_at: string;
}

/** `POST /sources`. Both addresses are secrets. */
export interface HerokuSource {
  readonly source_blob: { readonly get_url: string; readonly put_url: string };
}

/** `GET /apps/:app/addons`; with `plan` in full when it was asked for with `expand`. */
export interface HerokuAddon {
  readonly id: string;
  readonly name: string;
  readonly state: "provisioning" | "provisioned" | "deprovisioned";
  readonly addon_service: NamedReference;
  readonly plan: NamedReference;
  readonly app: NamedReference;
  /** Names of the config vars that this add-on owns. */
  readonly config_vars: readonly string[];
  readonly provision_message?: string | null;
  readonly billed_price?: { readonly cents: number; readonly unit: string } | null;
  readonly web_url: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** `GET /apps/:app/addon-attachments`. */
export interface HerokuAttachment {
  readonly id: string;
  /** The alias: the variable is `<name>_URL`. */
  readonly name: string;
  readonly namespace: string | null;
  readonly addon: NamedReference & { readonly app: NamedReference };
  readonly app: NamedReference;
}

/** `GET /addon-services/:service/plans`. */
export interface HerokuPlan extends NamedReference {
  readonly human_name: string;
  readonly state: string;
  readonly price: {
    readonly cents: number;
    readonly unit: string;
    readonly metered?: boolean;
    readonly contract?: boolean;
  };
}

/** `GET /apps/:app/domains`. */
export interface HerokuDomain {
  readonly id: string;
  readonly hostname: string;
  readonly kind: "heroku" | "custom";
  /** What DNS has to point to; null at first. */
  readonly cname: string | null;
  /** `pending`, `succeeded`, `none`. */
  readonly status: string;
  /** null, `pending`, `verified`, `dns-verified`, `failing`, `cert issued`, `failed`. */
  readonly acm_status: string | null;
  readonly acm_status_reason: string | null;
  readonly sni_endpoint: { readonly id: string; readonly name: string } | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** `GET /apps/:app/sni-endpoints`. The private key never comes back. */
export interface HerokuSniEndpoint {
  readonly id: string;
  readonly name: string;
  readonly display_name?: string | null;
  readonly certificate_chain: string;
  readonly ssl_cert: {
    readonly "acm?"?: boolean;
    readonly cert_domains?: readonly string[];
    readonly expires_at?: string;
    readonly fingerprint?: string;
    readonly id?: string;
  };
  readonly created_at: string;
  readonly updated_at: string;
}

/** `GET /apps/:app/config-vars-settings`, variant 3.sdk. */
export interface HerokuConfigSetting {
  readonly key: string;
  /** null where it is masked. */
  readonly value: string | null;
  /** Whoever masks a var does so for good: its value is never shown again. */
  readonly masked: boolean;
  readonly masking_supported?: boolean;
  /** The attachment that owns it, where an add-on does. */
  readonly attachment?: NamedReference | null;
  readonly value_updated_at?: string | null;
}

/** `POST /apps/:app/log-sessions`. The address is a secret. */
export interface HerokuLogSession {
  readonly id: string;
  readonly logplex_url: string;
}

/** `GET /apps/:app/collaborators`, `GET /teams/apps/:app/collaborators`. */
export interface HerokuCollaborator {
  readonly id: string;
  readonly user: { readonly id: string; readonly email: string };
  readonly role?: string | null;
  readonly permissions?: readonly { readonly name: string }[];
}

/** `GET /pipelines/:pipeline`. */
export interface HerokuPipeline extends NamedReference {
  readonly owner: { readonly id: string; readonly type: string } | null;
}

/** `GET /apps/:app/pipeline-couplings`. */
export interface HerokuCoupling {
  readonly id: string;
  readonly app: { readonly id: string };
  readonly pipeline: { readonly id: string };
  readonly stage: "test" | "review" | "development" | "staging" | "production";
}
