import type { App, Target } from "@deploy/core";

/** An app as the configuration has it. */
export interface LoadedApp {
  readonly app: App;
  /** Absolute; absent when the app was inferred. */
  readonly file?: string;
  /** Absolute. */
  readonly directory: string;
}

/** What came of loading the configuration files. */
export interface LoadedApps {
  readonly apps: readonly LoadedApp[];
  /** Files that could not be loaded; the console shows them and goes on with the others. */
  readonly problems: readonly { readonly place: string; readonly message: string; readonly hint?: string }[];
}

/** Sign-in with GitHub. */
export interface GitHubOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Members of these organizations (`acme`) or teams (`acme/operators`) may sign in; others only when they were invited. */
  readonly organizations?: readonly string[];
  /** Default `https://github.com`. */
  readonly url?: string;
  /** Default `https://api.github.com`. */
  readonly apiUrl?: string;
}

/** Sign-in with an issuer that speaks OpenID Connect. */
export interface OidcOptions {
  /** `https://accounts.example.org`. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the button says. Default: the issuer's host. */
  readonly name?: string;
  /** Verified addresses of these domains may sign in; others only when they were invited. */
  readonly emailDomains?: readonly string[];
}

/** How a console is started. */
export interface ConsoleOptions {
  /** Loads the configuration; called again when one of its files changes. */
  load(): Promise<LoadedApps>;
  /** Target of environments that declare none. */
  readonly defaultTarget?: Target;
  /** Where everything is stored, 0700. Default `~/.local/share/deploy/console`, `$XDG_DATA_HOME` honoured. */
  readonly directory?: string;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 4300; 0 takes a free one. */
  readonly port?: number;
  /** Where browsers find it, when that is not `http://<host>:<port>`: `https://console.example.org`. */
  readonly publicUrl?: string;
  /** Serves plain HTTP on an address that others reach. Default false: refused. */
  readonly insecure?: boolean;
  /** Addresses or networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Default 14. */
  readonly retentionDays?: number;
  /** Bytes on disk per environment. Default 256 MB. */
  readonly retentionBytes?: number;
  /** Makes a link for the owner although there is one. Default false. */
  readonly ownerLink?: boolean;
  /** Apps that may be given a shell in the browser; `*` is all. Default: none. */
  readonly shellApps?: readonly string[];
  readonly github?: GitHubOptions;
  readonly oidc?: OidcOptions;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Told of failures that nobody foresaw, which clients are not told the reason of; `where` is a method and a path. */
  onFailure?(thrown: unknown, where: string): void;
}

/** A console that runs. */
export interface RunningConsole {
  /** Where it answers. */
  readonly url: string;
  /** Signs in the first owner, once, within ten minutes; absent when there is an owner already and none was asked for. */
  readonly ownerLink?: string;
  /** Ends streams, stores what has come, and closes. */
  close(): Promise<void>;
}
