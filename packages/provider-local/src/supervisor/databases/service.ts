import type { Redacted } from "@deploy/core";
import type { Layout } from "./layout.js";
import type { ProcessIdentity } from "./processes.js";
import type { AddonRecord, Credentials } from "./records.js";
import type { AddonRequest, Backup, Connection, Operation } from "./types.js";

/** What every kind of add-on is given for one call. */
export interface ServiceContext extends Operation {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
  readonly layout: Layout;
  readonly record: AddonRecord;
  readonly credentials: Credentials;
}

/** What a kind of add-on answers when it is up. */
export interface ServiceUp {
  readonly process: ProcessIdentity;
  readonly version: string;
  readonly url: Redacted<string>;
  readonly created: boolean;
  readonly started: boolean;
}

/** One kind of backing service; calls for one add-on never overlap. */
export interface Service {
  /** System users to run as when Deploy runs as root, best first. */
  readonly accounts: readonly string[];
  find(layout: Layout): Promise<ProcessIdentity | undefined>;
  ensure(context: ServiceContext, request: AddonRequest): Promise<ServiceUp>;
  /** Ends the server, and any that an interrupted restore has left. */
  stop(layout: Layout): Promise<void>;
  backup(context: ServiceContext, release: number): Promise<Omit<Backup, "bytes" | "at">>;
  restore(context: ServiceContext, file: string): Promise<void>;
  connect(context: ServiceContext): Promise<Connection>;
}
