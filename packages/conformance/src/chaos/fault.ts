import type { Call } from "./call.js";

/** An answer as a script sees it, whole. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. `content-length` is set anew from the body. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/**
 * What is done to one call.
 *
 * `before` means: the vendor never sees it. `after`: the vendor has done it and answered, and the client is not told.
 */
export type Fault =
  | {
      readonly kind: "kill";
      /** `during`: as soon as the whole request is with the vendor, who goes on with it. */
      readonly when: "before" | "during" | "after";
      /** Kills the client; the connection is dropped once it resolves. */
      readonly kill: () => void | Promise<void>;
    }
  | { readonly kind: "reset"; readonly when: "before" | "after" }
  | {
      readonly kind: "throttle";
      /** How often this call is refused, its repetitions counted by method and path. Default 1. */
      readonly times?: number;
      /** Seconds in `Retry-After`. Default 1. */
      readonly retryAfter?: number;
    }
  | { readonly kind: "status"; readonly status: number; readonly when: "before" | "after" }
  | {
      readonly kind: "truncate";
      /** How much of the body the client gets before the connection ends. Default: half of it. */
      readonly bytes?: number;
    }
  | {
      readonly kind: "delay";
      /** Milliseconds before it is passed to the vendor. */
      readonly ms: number;
    }
  | {
      readonly kind: "meanwhile";
      /** What somebody else does between this call and the one before it; the call is passed on once it resolves. */
      readonly act: () => Promise<void>;
    }
  | {
      readonly kind: "answer";
      /** What the client gets; the vendor never sees the call. */
      readonly answer: Answer;
    }
  | {
      readonly kind: "rewrite";
      /** From the vendor's answer to the one that the client gets. */
      readonly rewrite: (answer: Answer, call: Call) => Answer | Promise<Answer>;
    };

/** A fault, and the call that it waits for. It happens once; throttling `times` times. */
export interface PlannedFault {
  /** The number of the call, that of the mutating call, or the first one for which a function says yes. */
  readonly at: { readonly call: number } | { readonly mutation: number } | ((call: Call) => boolean);
  readonly fault: Fault;
}

/** The faults that are still to come. */
export interface FaultPlan {
  add(planned: PlannedFault): void;
  /** The fault for a call, which is thereby used up. */
  take(call: Call): Fault | undefined;
  clear(): void;
}

/** An empty plan. */
export function createFaultPlan(): FaultPlan {
  let planned: PlannedFault[] = [];
  return {
    add(one) {
      planned.push(one);
    },
    take(call) {
      const found = planned.find(({ at }) => matches(at, call));
      if (found === undefined) return undefined;
      planned = planned.filter((one) => one !== found);
      const { fault } = found;
      const left = fault.kind === "throttle" ? (fault.times ?? 1) - 1 : 0;
      if (left > 0) {
        const again = (other: Call): boolean => other.method === call.method && other.path === call.path;
        planned.push({ at: again, fault: { ...fault, times: left } as Fault });
      }
      return fault;
    },
    clear() {
      planned = [];
    },
  };
}

function matches(at: PlannedFault["at"], call: Call): boolean {
  if (typeof at === "function") return at(call);
  return "call" in at ? at.call === call.number : at.mutation === call.mutation;
}
