import { asName, type Command } from "@deploy/core";

/** A process as it was read; what Heroku leaves to the image or the buildpack has a `guess` instead of a command. */
export interface DraftProcess {
  readonly command: Command;
  /** Why the command has to be replaced by hand; written as a comment above it. */
  readonly missing?: string;
  instances?: number;
  size?: string;
}

/** An add-on as it was read. */
export interface DraftAddon {
  readonly kind: "postgres" | "redis";
  readonly plan?: string;
  readonly version?: string;
  readonly as?: string;
}

/** What could not be carried over: where it stands, and why. */
export interface Refusal {
  readonly file: string;
  readonly line?: number;
  readonly reason: string;
}

/** What an environment of its own says differently. */
export interface DraftEnvironment {
  readonly name: string;
  /** Options of `heroku()`, in the order they are written. */
  readonly target: Readonly<Record<string, unknown>>;
  readonly domains: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, string>>;
  readonly instances: Readonly<Record<string, number>>;
}

/** A configuration while it is being read from one or several sources; the writer makes text of it. */
export interface Draft {
  name: string;
  build: {
    context?: string;
    dockerfile?: string;
    stage?: string;
    command?: Command;
    args: Record<string, string>;
  };
  readonly processes: Map<string, DraftProcess>;
  release?: Command;
  readonly addons: Map<string, DraftAddon>;
  readonly config: Map<string, string>;
  readonly secrets: Set<string>;
  readonly environments: DraftEnvironment[];
  /** What was inferred, a sentence each. */
  readonly inferred: string[];
  readonly refused: Refusal[];
}

/** A draft that says nothing yet. */
export function emptyDraft(name: string): Draft {
  return {
    name: appName(name),
    build: { args: {} },
    processes: new Map(),
    addons: new Map(),
    config: new Map(),
    secrets: new Set(),
    environments: [],
    inferred: [],
    refused: [],
  };
}

/** `text` as the name of an app. */
function appName(text: string): string {
  const name = asName(text, 30);
  return name === undefined || name.length < 2 ? "app" : name;
}

/** A command that says, wherever it is run, that somebody has to write the real one. */
export function commandToWrite(process: string): string {
  return `echo "deploy.config.ts does not say yet how ${process} is started" >&2; exit 1`;
}

/** Names of variables whose values belong into the secrets; what `config` would be warned about, and more. */
const secretName = /SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|PRIVATE|(?:^|_)KEY$|API_?KEY|HASH$|SESSION/i;

/** Whether a variable of this name and value must not stand in a file. */
export function isSecret(name: string, value: string | undefined): boolean {
  return (
    secretName.test(name) || (value !== undefined && /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*:[^/\s]*@/i.test(value))
  );
}
