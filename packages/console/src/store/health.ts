import type { StoreState } from "./types.js";

/** What is wrong, for a person. */
export interface Problem {
  readonly reason: string;
  readonly hint: string;
}

/** What is wrong with the store, piece by piece; nothing wrong is writable. */
export interface Health {
  state(): StoreState;
  onState(listener: (state: StoreState) => void): () => void;
  /** The problem of a piece, if it has one. */
  of(piece: string): Problem | undefined;
  set(piece: string, problem: Problem | undefined): void;
}

/** Health without problems. */
export function createHealth(): Health {
  const problems = new Map<string, Problem>();
  const listeners = new Set<(state: StoreState) => void>();
  const state = (): StoreState => {
    const [problem] = problems.values();
    return problem === undefined ? { state: "writable" } : { state: "read-only", ...problem };
  };
  return {
    state,
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    of: (piece) => problems.get(piece),
    set(piece, problem) {
      const before = JSON.stringify(state());
      if (problem === undefined) problems.delete(piece);
      else problems.set(piece, problem);
      const after = state();
      if (JSON.stringify(after) !== before) for (const listener of listeners) listener(after);
    },
  };
}

/** What a failed call of the file system means, and what helps. */
export function problemOf(error: unknown, what: string): Problem {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return {
      reason: `The disk is full: ${what}. Nothing that was stored is lost.`,
      hint: "Make room on the disk of the console's directory, or keep less (retentionBytes); it goes on by itself.",
    };
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return {
      reason: `The console's directory cannot be written (${code}): ${what}.`,
      hint: "Make it writable for the user that the console runs as; it goes on by itself.",
    };
  }
  return {
    reason: `The disk does not take what is written: ${what}: ${message}.`,
    hint: "Check the disk of the console's directory. What is stored can still be read; it goes on by itself once writing works.",
  };
}
