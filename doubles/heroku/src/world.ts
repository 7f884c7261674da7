import type { Faults, HostName } from "./faults.js";
import type { Judge } from "./judge.js";
import type { Ledger } from "./ledger.js";
import type { Delays } from "./options.js";
import type { App, OutputStream, State } from "./state.js";

/** What happens to the next release of an app that has a release command. */
export interface ReleaseScript {
  /** The app's name; any app when absent. */
  readonly app?: string;
  /** The state it ends in, whatever its command's exit code was. Default: by the exit code. */
  readonly ends?: "succeeded" | "failed" | "expired";
  /** Milliseconds it stays `pending` after its output ended. */
  readonly pendingAfterOutput?: number;
}

/** What happens to the next build. */
export interface BuildScript {
  readonly app?: string;
  readonly ends: "succeeded" | "failed";
  /** Printed instead of the steps of the build. */
  readonly output?: string;
  /** Milliseconds between its lines. */
  readonly pace?: number;
}

/** What happens to a domain's certificate: the states it takes, one after another; the last one stays. */
export interface CertificateScript {
  readonly hostname: string;
  readonly states: readonly { readonly status: string | null; readonly reason?: string }[];
}

/** What happens to the next add-on of a service or plan. */
export interface AddonScript {
  /** Such as `heroku-postgresql`, or `heroku-postgresql:essential-0`. */
  readonly plan: string;
  /** `fails` ends in `deprovisioned`. */
  readonly ends: "provisioned" | "fails";
  readonly milliseconds?: number;
}

/** Scripts that wait to be played; each is played once. */
export interface Scripts {
  readonly releases: ReleaseScript[];
  readonly builds: BuildScript[];
  readonly certificates: CertificateScript[];
  readonly addons: AddonScript[];
  /** Host names that somebody else has claimed. */
  readonly claimedHostnames: string[];
  /** App names that somebody else has. */
  readonly takenNames: string[];
  /** Streams are cut after so many bytes, once for each entry. */
  readonly streamCuts: number[];
}

/** What the families of routes share. */
export interface World {
  readonly state: State;
  readonly delays: Delays;
  readonly options: { readonly pageSize: number; readonly databases: boolean; readonly runs: RegExp };
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly scripts: Scripts;
  readonly judge: Judge | undefined;
  /** Calls for which there is no route. */
  readonly unserved: { host: HostName; method: string; path: string }[];
  /** What went wrong inside the double itself. */
  readonly failures: unknown[];
  /** The addresses of the hosts; filled in while they start. */
  readonly urls: Record<HostName | "rendezvous", string>;
  /** Where images and sources are unpacked. */
  readonly directory: string;
  /** What has to end when the double closes. */
  readonly closing: (() => Promise<void> | void)[];
  /** Writes a line of an app's log. */
  log(app: App, source: string, process: string, message: string): void;
  /** Tells of each new line of an app's log; the function it gives ends that. */
  follow(app: App, listener: () => void): () => void;
  /** Runs something later, unless the double is closed by then. */
  later(milliseconds: number, task: () => void): void;
}

/** Makes an output stream which answers 404 until it is opened. */
export function newStream(world: World, id: string, open: boolean): OutputStream {
  const stream: OutputStream = { id, text: Buffer.alloc(0), ended: false, open, listeners: new Set() };
  world.state.streams.set(id, stream);
  return stream;
}

/** Adds to an output stream. */
export function write(stream: OutputStream, text: string | Buffer): void {
  stream.open = true;
  stream.text = Buffer.concat([stream.text, Buffer.from(text)]);
  for (const listener of stream.listeners) listener();
}

/** Ends an output stream. */
export function end(stream: OutputStream): void {
  stream.open = true;
  stream.ended = true;
  for (const listener of stream.listeners) listener();
}

/** Takes the first script that fits out of a list. */
export function takeScript<T>(list: T[], fits: (script: T) => boolean): T | undefined {
  const index = list.findIndex(fits);
  return index < 0 ? undefined : list.splice(index, 1)[0];
}
