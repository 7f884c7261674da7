import { answering } from "./failures/answering.js";
import { endings, interruptions, outOfMemory } from "./failures/ending.js";
import { placing } from "./failures/placing.js";
import { pulling } from "./failures/pulling.js";
import { type Diagnosis, type FailureRow, type FailureSigns, said, subject } from "./failures/signs.js";
import { starting } from "./failures/starting.js";

export type { Diagnosis, FailureRow, FailureSigns } from "./failures/signs.js";

/** What is left to say when nothing surer is known. */
const unexplained: readonly FailureRow[] = [
  {
    name: "backing-off",
    fault: "maybe",
    matches: (signs) => /unable to consistently start tasks/i.test(said(signs)),
    message: () => "ECS cannot keep its tasks up and tries less and less often",
    hint: () => "Mend what makes them fail and deploy again.",
  },
  {
    name: "failed-to-start",
    fault: "maybe",
    matches: ({ stopCode }) => stopCode === "TaskFailedToStart",
    message: (signs) =>
      `${subject(signs)} could not be started${signs.stoppedReason === undefined ? "" : `: ${signs.stoppedReason}`}`,
    hint: () => "Look at what AWS says.",
  },
];

/**
 * How a task can fail, the surest sign first: the first row that matches is what is said.
 *
 * Sources: "Amazon ECS stopped tasks error messages", and those that each part names.
 */
export const failureTable: readonly FailureRow[] = [
  ...interruptions,
  ...pulling,
  ...starting,
  ...placing,
  outOfMemory,
  ...answering,
  ...endings,
  ...unexplained,
];

/** What is said about these signs; something is always said. */
export function diagnose(signs: FailureSigns): Diagnosis {
  const row = failureTable.find((one) => one.matches(signs));
  if (row !== undefined) {
    return { name: row.name, fault: row.fault, message: row.message(signs), hint: row.hint(signs) };
  }
  const why = signs.stoppedReason ?? signs.reason ?? signs.events?.[0];
  return {
    name: "unknown",
    fault: "maybe",
    message: `${subject(signs)} stopped${why === undefined ? "" : `: ${why}`}`,
    hint: "Look at its output: `deploy logs`.",
  };
}
