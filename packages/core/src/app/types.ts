import type { Access } from "../elements/access.js";
import type { Addons } from "../elements/addons.js";
import type { Containers } from "../elements/containers.js";
import type { Images } from "../elements/images.js";
import type { Logs } from "../elements/logs.js";
import type { Provider } from "../elements/provider.js";
import type { Secrets } from "../elements/secrets.js";
import type { Certificates, Dns, Ingress } from "../elements/traffic.js";

/** A command: a string runs as `sh -c` inside the app's own container or process, an array runs as it is. */
export type Command = string | readonly string[];

/** A length of time: milliseconds, or a number with a unit such as `"30 s"`, `"5 min"`, `"1 h"`. */
export type Duration = number | `${number} ${"ms" | "s" | "min" | "h" | "d"}`;

/** A size of memory or disk: bytes, or a number with a decimal unit such as `"512 MB"`, `"1 GB"`. */
export type Size = number | `${number} ${"KB" | "MB" | "GB" | "TB"}`;

/** How the app is built. Default: the Dockerfile where the provider builds one, else the source as it is. */
export interface BuildInput {
  /** Directory of the build context, relative to the configuration file. Default `"."`. */
  readonly context?: string;
  /** Relative to `context`. Default `"Dockerfile"`. */
  readonly dockerfile?: string;
  /** Build arguments; never a secret. */
  readonly args?: Readonly<Record<string, string>>;
  /** Stage of the Dockerfile. Default: the last. */
  readonly stage?: string;
  /** What builds the app where there are no containers: on this machine, say. */
  readonly command?: Command;
}

/** When an instance counts as healthy. */
export interface HealthInput {
  /** Path that must answer with a 2xx or 3xx status. */
  readonly path: string;
  /** Between two tries. Default `"500 ms"`; providers may look more often while starting. */
  readonly every?: Duration;
  /** For one answer. Default `"5 s"`. */
  readonly timeout?: Duration;
  /** From start until it has to be healthy. Default `"60 s"`. */
  readonly startWithin?: Duration;
}

/** A named long-running command of the app. */
export interface ProcessInput {
  readonly command: Command;
  /** Path of the health check, or all of it. Default: an open port where it listens, else staying up for a second. */
  readonly health?: string | HealthInput;
  /** Copies. Default: what is running, 1 at first; `deploy scale` is left alone unless this is set. */
  readonly instances?: number;
  readonly memory?: Size;
  /** Share of one CPU; 0.5 is half of one. */
  readonly cpu?: number;
  /** Listens for its fellow processes only: they find it by `<NAME>_URL`. Default false. */
  readonly internal?: boolean;
  /** Port it listens on inside its container. Default: what `PORT` says. */
  readonly port?: number;
  /** Volume name to path, relative to the app's directory or absolute in its container; kept across releases. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** How long open requests and streams may go on after a newer release has taken over. Default `"30 s"`. */
  readonly drain?: Duration;
  /** From SIGTERM to SIGKILL. Default `"10 s"`. */
  readonly stopWithin?: Duration;
  /** Config of this process alone. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
}

/** A one-off task on a schedule. */
export interface JobInput {
  readonly command: Command;
  /** Cron, five fields: minute, hour, day of month, month, day of week. */
  readonly schedule: string;
  /** IANA name, such as `"Europe/Berlin"`. Default `"UTC"`. */
  readonly timeZone?: string;
  /** Default `"1 h"`. */
  readonly timeout?: Duration;
  readonly memory?: Size;
}

/** A backing service which provides config. */
export interface AddonInput {
  readonly kind: "postgres" | "redis" | (string & {});
  /** The vendor's name of the size to take. Default: the provider's smallest sane one. */
  readonly plan?: string;
  /** Major version, such as `"16"`. Default: the provider's newest. */
  readonly version?: string;
  /** Extensions of a Postgres which must be there. */
  readonly extensions?: readonly string[];
  /** Variable that holds its URL. Default `DATABASE_URL` and `REDIS_URL` for the first of a kind, else `<NAME>_URL`. */
  readonly as?: string;
  /** Take a backup before each release command. Default true for postgres where the provider can. */
  readonly backup?: boolean;
}

/** What a host name leads to: a process, or another host. */
export type DomainInput<ProcessName extends string> = ProcessName | { readonly redirect: string };

/** A provider which can run containers: what an environment needs as its target. */
export type Target = Provider & { readonly containers: Containers };

/**
 * Overrides by name, of names that were declared; where none was, nothing may be overridden.
 *
 * An object type without members takes any object, hence the case of its own.
 */
export type Overrides<Name extends string, Override> = [Name] extends [never]
  ? Readonly<Record<string, never>>
  : { readonly [Key in Name]?: Override };

/** The app bound to a target, with overrides. */
export interface EnvironmentInput<
  ProcessName extends string = string,
  AddonName extends string = string,
  JobName extends string = string,
> {
  /** Where it runs. Default: this machine. */
  readonly target?: Target;
  /** The account, team or host it belongs to; with any other credentials nothing is touched. */
  readonly account?: string;
  /** Refuses a dirty tree, and asks before it changes anything. Default false. */
  readonly protected?: boolean;
  readonly images?: Provider & { readonly images: Images };
  readonly logs?: Provider & { readonly logs: Logs };
  readonly secretStore?: Provider & { readonly secrets: Secrets };
  readonly ingress?: Provider & { readonly ingress: Ingress };
  readonly dns?: Provider & { readonly dns: Dns };
  readonly certificates?: Provider & { readonly certificates: Certificates };
  readonly addonProvider?: Provider & { readonly addons: Addons };
  /** Holds grants beside the target: `deploy access` speaks to both. Default: the target alone, where it holds any. */
  readonly access?: Provider & { readonly access: Access };
  /** Providers that are used no longer but may still hold something of ours. */
  readonly retired?: readonly Provider[];
  readonly processes?: Overrides<ProcessName, Partial<ProcessInput>>;
  readonly jobs?: Overrides<JobName, Partial<JobInput> | false>;
  readonly addons?: Overrides<AddonName, Partial<AddonInput>>;
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  readonly secrets?: readonly string[];
  readonly release?: Command | false;
  /** Instead of the domains of the app; `local` has these only. */
  readonly domains?: Readonly<Record<string, DomainInput<ProcessName>>>;
}

/** What a user declares once: the whole of an app. */
export interface AppInput<
  ProcessName extends string = string,
  AddonName extends string = string,
  JobName extends string = string,
> {
  /** Lower case letters, digits and hyphens, 2 to 30 characters, starting with a letter. */
  readonly name: string;
  readonly build?: BuildInput;
  readonly processes: Readonly<Record<ProcessName, ProcessInput>>;
  /** Must succeed before new processes take traffic; migrations, say. Time limit `"15 min"`. */
  readonly release?: Command;
  readonly jobs?: Readonly<Record<JobName, JobInput>>;
  /** What every process finds in its environment. Never a secret. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /** Names of the values that only the processes may see; set them with `deploy secrets set`. */
  readonly secrets?: readonly string[];
  readonly addons?: Readonly<Record<AddonName, AddonInput>>;
  /** Host name to process; those of one environment belong there instead. */
  readonly domains?: Readonly<Record<string, DomainInput<NoInfer<ProcessName>>>>;
  /** By name, such as `production`; `review/*` declares all of its kind. `local` is always there: this machine. */
  readonly environments?: Readonly<
    Record<string, EnvironmentInput<NoInfer<ProcessName>, NoInfer<AddonName>, NoInfer<JobName>>>
  >;
}

/** A declared app: what `defineApp` returns and `createDeployer` takes. */
export interface App extends AppInput {
  readonly "deploy.app": 1;
}
