import type { DeployEvent } from "@deploy/core";

/** A run of `up`, `rollback`, `down` …, under way or over, as it was told to the console by whoever runs it. */
export interface Run {
  readonly id: string;
  readonly app: string;
  readonly environment: string;
  /** `up`, `rollback`, `promote`, `down`, `scale`, `restart`. */
  readonly operation: string;
  /** Who runs it and from where, in their own words: `maria on ci-7`. */
  readonly by: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** `lost`: nothing was heard of it for a minute. */
  readonly state: "running" | "done" | "failed" | "cancelled" | "lost";
  readonly release?: number;
}

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
}
