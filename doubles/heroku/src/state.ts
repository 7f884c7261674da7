import type { Coupling, Pipeline, Promotion, ReviewApp } from "./pipeline-state.js";

/** A person who has an account, with the tokens that speak for it. */
export interface Account {
  readonly id: string;
  email: string;
  name: string | null;
  readonly tokens: string[];
  suspendedAt: string | null;
  delinquentAt: string | null;
  /** When set, a mutating call needs this code in `Heroku-Two-Factor-Code`. */
  twoFactorCode: string | undefined;
  verified: boolean;
  ecoDynosEnabled: boolean;
  readonly createdAt: string;
}

/** What a team member may be. */
export type TeamRole = "admin" | "member" | "viewer" | "collaborator";

/** A team and its members. */
export interface Team {
  readonly id: string;
  name: string;
  readonly enterprise: boolean;
  readonly members: { readonly id: string; email: string; role: TeamRole; readonly createdAt: string }[];
  readonly createdAt: string;
}

/** A private space. */
export interface Space {
  readonly id: string;
  name: string;
  readonly team: string;
  readonly region: string;
  readonly shield: boolean;
  readonly generation: "cedar" | "fir";
  readonly cidr: string;
  readonly dataCidr: string;
  state: "allocating" | "allocated" | "deleting";
  readonly createdAt: string;
}

/** The four things a collaborator may be allowed to do. */
export type Permission = "view" | "deploy" | "operate" | "manage";

/** A person who may work on one app. */
export interface Collaborator {
  readonly id: string;
  readonly email: string;
  /** Only meaningful on a team's app; a personal app's collaborator may do all but delete it. */
  permissions: Permission[];
  readonly createdAt: string;
}

/** How one process type of an artifact is started. */
export interface ProcessSource {
  /** What `formation.command` shows. */
  readonly command: string;
  /** The arguments which start it. */
  readonly argv: readonly string[];
  /** The directory it starts in, on this machine. */
  readonly directory: string;
  /** The unpacked image, when there is one: the process gets it as its root directory where that is possible. */
  readonly root?: string;
  readonly env: Readonly<Record<string, string>>;
  /** The digest of the image's configuration, `sha256:…`. */
  readonly image?: string;
}

/** What a release runs: the product of a build, or pushed images. */
export interface Artifact {
  readonly id: string;
  readonly kind: "slug" | "images";
  readonly processes: Readonly<Record<string, ProcessSource>>;
  /** The version the source said it was. */
  readonly commit: string | null;
}

/** One release. */
export interface Release {
  readonly id: string;
  readonly version: number;
  readonly description: string;
  status: "pending" | "succeeded" | "failed" | "expired";
  readonly user: { readonly id: string; readonly email: string };
  readonly config: Readonly<Record<string, string>>;
  readonly artifact: Artifact | undefined;
  readonly addonPlans: readonly string[];
  /** The id of the stream that holds the release command's output. */
  readonly stream: string | undefined;
  readonly createdAt: string;
  updatedAt: string;
}

/** One process type of an app. */
export interface Formation {
  readonly id: string;
  readonly type: string;
  command: string;
  quantity: number;
  size: string;
  readonly createdAt: string;
  updatedAt: string;
}

/** One running, or stopped, process. */
export interface Dyno {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly command: string;
  readonly size: string;
  state: "starting" | "up" | "crashed" | "down" | "idle";
  readonly release: { readonly id: string; readonly version: number };
  attachUrl: string | null;
  /** The port its web process has to listen on. */
  readonly port: number | undefined;
  readonly createdAt: string;
  updatedAt: string;
}

/** One host name of an app. */
export interface Domain {
  readonly id: string;
  readonly hostname: string;
  readonly kind: "heroku" | "custom";
  cname: string | null;
  status: "none" | "pending" | "succeeded";
  acmStatus: string | null;
  acmReason: string | null;
  sniEndpoint: string | null;
  readonly createdAt: string;
  updatedAt: string;
}

/** A certificate of the app's owner. */
export interface SniEndpoint {
  readonly id: string;
  readonly name: string;
  chain: string;
  privateKey: string;
  readonly acm: boolean;
  readonly createdAt: string;
  updatedAt: string;
}

/** One build. */
export interface Build {
  readonly id: string;
  status: "pending" | "succeeded" | "failed";
  readonly url: string;
  readonly version: string | null;
  readonly checksum: string | null;
  readonly user: { readonly id: string; readonly email: string };
  readonly stream: string;
  release: string | null;
  readonly createdAt: string;
  updatedAt: string;
}

/** One add-on, billed to one app. */
export interface Addon {
  readonly id: string;
  name: string;
  readonly service: string;
  plan: string;
  readonly app: string;
  state: "provisioning" | "provisioned" | "deprovisioned";
  readonly config: Readonly<Record<string, string>>;
  /** When it was provisioned, milliseconds since 1970. */
  provisionedAt: number;
  /** Names, without the attachment's prefix, and values of the config vars it makes. */
  vars: Record<string, string>;
  readonly createdAt: string;
  updatedAt: string;
}

/** What ties an add-on to an app, and names its config vars. */
export interface Attachment {
  readonly id: string;
  name: string;
  readonly addon: string;
  readonly app: string;
  readonly namespace: string | null;
  readonly createdAt: string;
}

/** A line of an app's log. */
export interface LogLine {
  readonly at: string;
  /** `app` or `heroku`. */
  readonly source: string;
  /** A dyno's name, `router`, `api` and so on. */
  readonly process: string;
  readonly message: string;
}

/** One app. */
export interface App {
  readonly id: string;
  name: string;
  readonly owner: { kind: "account"; id: string } | { kind: "team"; id: string };
  readonly region: string;
  stack: string;
  buildStack: string;
  readonly space: string | undefined;
  readonly generation: "cedar" | "fir";
  maintenance: boolean;
  acm: boolean;
  locked: boolean;
  readonly internalRouting: boolean;
  webUrl: string;
  config: Record<string, string>;
  readonly masked: Set<string>;
  formation: Formation[];
  readonly releases: Release[];
  dynos: Dyno[];
  domains: Domain[];
  sniEndpoints: SniEndpoint[];
  collaborators: Collaborator[];
  readonly builds: Build[];
  readonly logs: LogLine[];
  readonly monitors: Record<string, unknown>[];
  readonly createdAt: string;
  updatedAt: string;
  releasedAt: string | null;
}

/** Output that grows: of a build, of a release command. */
export interface OutputStream {
  readonly id: string;
  text: Buffer;
  ended: boolean;
  /** False until the work has begun: its URL answers 404 so long. */
  open: boolean;
  readonly listeners: Set<() => void>;
}

/** An image somebody pushed. */
export interface PushedImage {
  readonly app: string;
  readonly type: string;
  readonly repository: string;
  readonly manifest: string;
  readonly config: string;
}

/** Everything the double knows. */
export interface State {
  readonly accounts: Account[];
  readonly teams: Team[];
  readonly spaces: Space[];
  readonly apps: App[];
  readonly addons: Addon[];
  readonly attachments: Attachment[];
  readonly pipelines: Pipeline[];
  readonly couplings: Coupling[];
  readonly promotions: Promotion[];
  readonly reviewApps: ReviewApp[];
  readonly streams: Map<string, OutputStream>;
  readonly sources: Map<string, Buffer | undefined>;
  readonly images: PushedImage[];
}

/** A state with nothing in it. */
export function emptyState(): State {
  return {
    accounts: [],
    teams: [],
    spaces: [],
    apps: [],
    addons: [],
    attachments: [],
    pipelines: [],
    couplings: [],
    promotions: [],
    reviewApps: [],
    streams: new Map(),
    sources: new Map(),
    images: [],
  };
}
