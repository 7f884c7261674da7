import type { DeployEvent } from "@deploy/core";
import type { Run } from "../shared/run-types.js";

export type { Run } from "../shared/run-types.js";

/** A run's event with its number within the run. */
export interface RunEvent {
  readonly number: number;
  readonly event: DeployEvent;
}

/** Runs from anybody's terminal or CI, live and stored. */
export interface RunBook {
  start(run: Pick<Run, "app" | "environment" | "operation" | "by">): Promise<Run>;
  /** Appends events; output of the build and the release command goes to the logs, too. A number that is there already is dropped. */
  append(id: string, events: readonly RunEvent[]): Promise<void>;
  end(
    id: string,
    end: { readonly state: "done" | "failed" | "cancelled"; readonly release?: number },
  ): Promise<void>;
  get(id: string): Promise<Run | undefined>;
  /** Newest first. */
  list(app: string, environment: string, limit: number): Promise<readonly Run[]>;
  events(id: string, after?: number): Promise<readonly RunEvent[]>;
  /** Called with each change of any run. Answers with how to stop. */
  subscribe(listener: (run: Run, events: readonly RunEvent[]) => void): () => void;
  /** What was told is on disk. */
  close(): Promise<void>;
}
