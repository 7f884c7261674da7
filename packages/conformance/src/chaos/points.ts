import type { Call } from "./call.js";
import type { Fault } from "./fault.js";

/** The faults that the driver knows how to do at a point; see {@link Fault} for what each does. */
export type PointFault =
  | "kill-before"
  | "kill-during"
  | "kill-after"
  | "reset-before"
  | "reset-after"
  | "error-500"
  | "error-503-after"
  | "throttle"
  | "truncate";

/** One moment of a run and what goes wrong in it: the n-th call of a label. */
export interface Point {
  readonly label: string;
  /** From 1: a run may do the same call several times. */
  readonly occurrence: number;
  readonly fault: PointFault;
}

/** Every mutating call of a recorded run with every fault. */
export function pointsOf(
  calls: readonly Call[],
  label: (call: Call) => string,
  faults: readonly PointFault[],
): Point[] {
  const counts = new Map<string, number>();
  return calls
    .filter((call) => call.mutation !== undefined)
    .flatMap((call) => {
      const name = label(call);
      const occurrence = (counts.get(name) ?? 0) + 1;
      counts.set(name, occurrence);
      return faults.map((fault) => ({ label: name, occurrence, fault }));
    });
}

/** Says yes to the call of a point: the n-th mutating one with its label. */
export function matcher(
  { label: wanted, occurrence }: Point,
  label: (call: Call) => string,
): (call: Call) => boolean {
  let seen = 0;
  return (call) => {
    if (call.mutation === undefined || label(call) !== wanted) return false;
    seen += 1;
    return seen === occurrence;
  };
}

/** The fault of a point, for the proxy. */
export function faultOf(fault: PointFault, kill: () => void): Fault {
  switch (fault) {
    case "kill-before":
      return { kind: "kill", when: "before", kill };
    case "kill-during":
      return { kind: "kill", when: "during", kill };
    case "kill-after":
      return { kind: "kill", when: "after", kill };
    case "reset-before":
      return { kind: "reset", when: "before" };
    case "reset-after":
      return { kind: "reset", when: "after" };
    case "error-500":
      return { kind: "status", status: 500, when: "before" };
    case "error-503-after":
      return { kind: "status", status: 503, when: "after" };
    case "throttle":
      return { kind: "throttle", times: 2 };
    case "truncate":
      return { kind: "truncate" };
  }
}
