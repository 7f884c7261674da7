import type { App } from "@deploy/core";

/** An app as it was found on disk. */
export interface ConfigFile {
  readonly app: App;
  /** Absolute path of the file; absent when the app was inferred from a Procfile. */
  readonly file?: string;
  /** Absolute path of the directory the app lives in. */
  readonly directory: string;
  /** What the user should know: what was inferred, warnings. */
  readonly notes: readonly string[];
}
