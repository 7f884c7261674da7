import type { Command, Redacted, ReleaseOrigin, ResolvedJob, ResolvedProcess } from "@deploy/core";

/** A release as it should be, every late value known. */
export interface Wanted {
  readonly digest: string;
  readonly location: string;
  readonly config: Readonly<Record<string, string | Redacted>>;
  /** Without `instances`: these are the formation's. */
  readonly processes: readonly Omit<ResolvedProcess, "instances">[];
  readonly jobs: readonly ResolvedJob[];
  readonly releaseCommand?: Command;
  readonly origin: ReleaseOrigin;
}

/** The process whose repository stands for the app: `web`, else the first. */
export function primaryOf(processes: readonly { readonly name: string }[]): string {
  const names = processes.map(({ name }) => name);
  return names.includes("web") ? "web" : (names[0] ?? "web");
}
