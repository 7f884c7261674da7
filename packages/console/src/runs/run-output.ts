import type { NewLine } from "../store/types.js";
import type { RunEvent } from "./types.js";

/** What a run told of the output of its build and release command, as lines of its release. */
export function outputLines(
  events: readonly RunEvent[],
  release: number | undefined,
): readonly Omit<NewLine, "level">[] {
  return events.flatMap(({ event }) => {
    if (event.type !== "output") return [];
    // A run has two commands of the app's own, and only one of them is named after the release.
    const process = /\brelease[- ]command\b/.test(`${event.id} ${event.label}`) ? "release" : "build";
    return [
      {
        time: Date.parse(event.time),
        process,
        instance: `${process}.1`,
        stream: event.stream,
        text: event.text,
        ...(release === undefined ? {} : { release }),
      },
    ];
  });
}
