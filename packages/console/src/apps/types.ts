import type { Deployer } from "@deploy/core";

/** One app in one environment, as it was declared. */
export interface ConsoleEnvironment {
  readonly app: string;
  readonly environment: string;
  readonly deployer: Deployer;
  /** The configuration file, for a person. */
  readonly file?: string;
  /** Directory of the app; a copy of its repository, perhaps. */
  readonly directory?: string;
  /** The same deployer for somebody: releases and the deploy lock carry this name. Absent: only `deployer` is there. */
  readonly actingAs?: (author: string) => Deployer;
}

/** What could not be loaded; the others go on. */
export interface AppProblem {
  /** File or directory. */
  readonly place: string;
  readonly message: string;
  readonly hint?: string;
}

/** A pattern of environments, such as `review/*`: its members are not known from the declaration. */
export interface EnvironmentPattern {
  readonly app: string;
  readonly pattern: string;
  /** Why its environments are not listed, for a person. */
  readonly reason: string;
}

/** The apps and environments that the console shows. */
export interface AppRegistry {
  /** By app, then environment, in order of their names. */
  list(): readonly ConsoleEnvironment[];
  /** Undefined: there is none of this name. */
  find(app: string, environment: string): ConsoleEnvironment | undefined;
  /** Patterns whose environments are not in `list`. */
  patterns(): readonly EnvironmentPattern[];
  problems(): readonly AppProblem[];
  /** Called when the files have changed and were loaded again. Answers with how to stop. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}
