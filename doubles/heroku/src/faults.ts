/** Something that goes wrong with some of the calls, told as data. */
export interface Fault {
  /** The host it is for. Default: `api`. */
  readonly host?: HostName;
  /** `GET`, `POST` and so on; any when absent. */
  readonly method?: string;
  /** The route as it is written in the double (`/apps/{app}/addons`), or a pattern of the path; any when absent. */
  readonly path?: string | RegExp;
  /** Calls that match and pass before the first one that fails. Default 0. */
  readonly skip?: number;
  /** Calls that fail. Default 1; `Infinity` for "from now on". */
  readonly times?: number;
  readonly does: FaultKind;
}

/** The double's hosts. */
export type HostName = "api" | "data" | "metrics" | "streams" | "registry";

/** What a fault does to a call. */
export type FaultKind =
  /** Answers an error body before anything happens. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly id: string;
      readonly message?: string;
      readonly extra?: Record<string, unknown>;
    }
  /** Closes the connection before anything happens. */
  | { readonly kind: "reset" }
  /** Lets the call take effect, then closes the connection without an answer. */
  | { readonly kind: "lost" }
  /** Lets the call take effect, and closes the connection in the middle of the answer's body. */
  | { readonly kind: "cut" }
  /** Waits before the call takes effect. */
  | { readonly kind: "delay"; readonly milliseconds: number };

/** The faults that are set, and how often each has been met. */
export interface Faults {
  /** Sets a fault; the function it gives takes it away again. */
  set(fault: Fault): () => void;
  /** Takes all away. */
  clear(): void;
  /** What happens to a call; undefined when nothing does. */
  meet(host: HostName, method: string, path: string, template: string | undefined): FaultKind | undefined;
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
    meet(host, method, path, template) {
      for (const [fault, count] of set) {
        if ((fault.host ?? "api") !== host) continue;
        if (fault.method !== undefined && fault.method !== method) continue;
        if (typeof fault.path === "string" && fault.path !== template && fault.path !== path) continue;
        if (fault.path instanceof RegExp && !fault.path.test(path)) continue;
        const number = count.met++ - (fault.skip ?? 0);
        if (number >= 0 && number < (fault.times ?? 1)) return fault.does;
      }
      return;
    },
  };
}
