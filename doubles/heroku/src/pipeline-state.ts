/** One pipeline, the apps coupled to it, and the configuration of its review apps. */
export interface Pipeline {
  readonly id: string;
  name: string;
  readonly owner: { readonly id: string; readonly type: "team" | "user" } | null;
  reviewConfig: Record<string, unknown> | undefined;
  readonly createdAt: string;
  updatedAt: string;
}

/** An app's place in a pipeline. */
export interface Coupling {
  readonly id: string;
  readonly app: string;
  readonly pipeline: string;
  stage: string;
  readonly createdAt: string;
  updatedAt: string;
}

/** A promotion with its targets. */
export interface Promotion {
  readonly id: string;
  readonly pipeline: string;
  readonly source: { readonly app: string; readonly release: string };
  status: "pending" | "completed";
  readonly targets: {
    readonly id: string;
    readonly app: string;
    status: "pending" | "succeeded" | "failed";
    release: string | null;
    error: string | null;
  }[];
  readonly createdAt: string;
  updatedAt: string;
}

/** A review app. */
export interface ReviewApp {
  readonly id: string;
  readonly pipeline: string;
  app: string | null;
  readonly branch: string;
  readonly prNumber: number | null;
  status: "pending" | "creating" | "created" | "deleting" | "deleted" | "errored";
  error: string | null;
  setup: string | null;
  readonly creator: string;
  readonly createdAt: string;
  updatedAt: string;
}
