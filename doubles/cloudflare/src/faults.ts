import type { ApiError } from "./http.js";

/** Something that goes wrong with some of the calls, told as data. */
export interface Fault {
  /** `GET`, `POST` and so on; any when absent. */
  readonly method?: string;
  /** A part of the path, or a pattern of it; any when absent. */
  readonly path?: string | RegExp;
  /** Calls that match and pass before the first one that fails. Default 0. */
  readonly skip?: number;
  /** Calls that fail. Default 1; `Infinity` for "from now on". */
  readonly times?: number;
  readonly does: FaultKind;
}

/** What a fault does to a call. */
export type FaultKind =
  /** Answers with `success: false` before anything happens; status 200 is one that Cloudflare gives too. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly errors: readonly ApiError[];
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Answers something that is not JSON, as a proxy in between does. */
  | { readonly kind: "page"; readonly status: number }
  /** Closes the connection before anything happens. */
  | { readonly kind: "reset" }
  /** Lets the call take effect, then closes the connection without an answer. */
  | { readonly kind: "lost" }
  /** Never answers, and nothing happens. */
  | { readonly kind: "hang" }
  /** Runs something in between: another writer, say. */
  | { readonly kind: "before"; readonly run: () => Promise<unknown> };

/** The faults that are set, and how often each has been met. */
export interface Faults {
  /** Sets a fault; the function it gives takes it away again. */
  set(fault: Fault): () => void;
  /** Takes all away. */
  clear(): void;
  /** What happens to a call; undefined when nothing does. */
  meet(method: string, path: string): FaultKind | undefined;
}

/** An empty set of faults. */
export function createFaults(): Faults {
  const set = new Map<Fault, { met: number }>();
  return {
    set(fault) {
      set.set(fault, { met: 0 });
      return () => set.delete(fault);
    },
    clear: () => set.clear(),
    meet(method, path) {
      for (const [fault, count] of set) {
        if (fault.method !== undefined && fault.method !== method) continue;
        if (typeof fault.path === "string" && !path.includes(fault.path)) continue;
        if (fault.path instanceof RegExp && !fault.path.test(path)) continue;
        const number = count.met++ - (fault.skip ?? 0);
        if (number >= 0 && number < (fault.times ?? 1)) return fault.does;
      }
      return;
    },
  };
}
