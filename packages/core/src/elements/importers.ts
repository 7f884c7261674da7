import type { Context } from "../context.js";

/** What was read from somebody else's format. */
export interface ImportResult {
  /** The text of a `deploy.config.ts`. */
  readonly config: string;
  /** The environment that stands for what was read; absent: none is in the configuration, or no single one. */
  readonly environment?: string;
  /** What was inferred, a sentence each. */
  readonly inferred: readonly string[];
  /** What could not be carried over, with file, line and reason. */
  readonly refused: readonly { readonly file: string; readonly line?: number; readonly reason: string }[];
}

/**
 * Optional power: reads another tool's manifest, or a running app, into a configuration.
 *
 * A package exports its importers as `importers`, too: `deploy import` looks there, for whoever has no app yet.
 */
export interface Importer {
  /** What `deploy import <name>` takes: `heroku`, `procfile`. */
  readonly name: string;
  /** Files in a directory that this importer understands. */
  readonly files: readonly string[];
  /** Reads `source`, a directory as an absolute path or the name of a running app, and writes nothing. */
  import(context: Context, source: string): Promise<ImportResult>;
}
