import { type FailureRow, said, subject } from "./signs.js";

/** Ends that are nobody's fault: AWS or a newer deployment has stopped it. */
export const interruptions: readonly FailureRow[] = [
  {
    name: "taken-back",
    fault: "none",
    matches: ({ stopCode, stoppedReason }) =>
      stopCode === "SpotInterruption" ||
      stopCode === "TerminationNotice" ||
      /spot interruption|scheduled for retirement/i.test(stoppedReason ?? ""),
    message: (signs) => `AWS took back the machine under ${subject(signs)}: no fault of the release`,
    hint: () => "Nothing to do: ECS starts another one.",
  },
  {
    name: "scaled",
    fault: "none",
    matches: ({ stoppedReason }) => /^Scaling activity initiated by/i.test(stoppedReason ?? ""),
    message: (signs) => `${subject(signs)} was stopped by a newer deployment or by scaling`,
    hint: () => "Nothing to do.",
  },
];

/** Told by ECS in words, so that it comes before everything that is concluded. */
export const outOfMemory: FailureRow = {
  name: "out-of-memory",
  fault: "ours",
  matches: (signs) => /OutOfMemory/i.test(said(signs)),
  message: (signs) =>
    `${subject(signs)} needed more memory than it has${signs.memory === undefined ? "" : ` (${signs.memory} MiB)`}`,
  hint: () => "Give it more: `memory` of the process.",
};

/** Exit codes, which are 128 + the signal's number where one has ended it. */
export const endings: readonly FailureRow[] = [
  {
    name: "killed-while-stopping",
    fault: "ours",
    matches: (signs) => signs.exitCode === 137 && signs.wasStopped === true,
    message: (signs) =>
      `${subject(signs)} did not end by itself${signs.stopWithinMs === undefined ? "" : ` within ${Math.round(signs.stopWithinMs / 1000)} s`} of SIGTERM and was killed`,
    hint: () => "Let it end on SIGTERM, or give it longer: `stopWithin`.",
  },
  {
    name: "killed",
    fault: "ours",
    matches: ({ exitCode }) => exitCode === 137,
    message: (signs) => `${subject(signs)} was killed (exit code 137)`,
    hint: (signs) =>
      `Most often it needed more memory than it has${signs.memory === undefined ? "" : ` (${signs.memory} MiB)`}: give it more, \`memory\` of the process.`,
  },
  {
    name: "native-crash",
    fault: "ours",
    matches: ({ exitCode }) => exitCode === 139 || exitCode === 134 || exitCode === 132 || exitCode === 136,
    message: (signs) =>
      `${subject(signs)} ${signs.exitCode === 134 ? "aborted itself" : "crashed in native code"} (exit code ${signs.exitCode})`,
    hint: () => "Look at its native libraries: are they built for this system and processor?",
  },
  {
    name: "terminated",
    fault: "none",
    matches: ({ exitCode }) => exitCode === 143,
    message: (signs) => `${subject(signs)} ended on SIGTERM, as it should`,
    hint: () => "Nothing to do.",
  },
  {
    name: "command-missing",
    fault: "ours",
    matches: ({ exitCode }) => exitCode === 126 || exitCode === 127,
    message: (signs) =>
      `The command of ${subject(signs)} ${signs.exitCode === 127 ? "is not in the image" : "cannot be executed"} (exit code ${signs.exitCode})`,
    hint: () => "Look at `command`, and at what the Dockerfile puts on the PATH.",
  },
  {
    name: "ended",
    fault: "ours",
    matches: ({ exitCode, stopCode }) => exitCode === 0 && stopCode === "EssentialContainerExited",
    message: (signs) => `${subject(signs)} ended by itself (exit code 0), and a process has to stay up`,
    hint: () => "Keep it in the foreground; what should run once belongs in `release` or in a job.",
  },
  {
    name: "crashed",
    fault: "ours",
    matches: ({ exitCode }) => exitCode !== undefined && exitCode !== 0,
    message: (signs) => `${subject(signs)} ended with exit code ${signs.exitCode}`,
    hint: () => "Its last lines of output say why.",
  },
];
