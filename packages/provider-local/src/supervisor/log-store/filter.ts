import type { LogLine, LogQuery } from "@deploy/core";
import { cursorPrefix } from "./cursor.js";
import { decodeDescription, type Frame, type FrameDescription } from "./frame.js";

/** Picks lines out of frames; a frame that has nothing for the query is never decoded. */
export interface LineFilter {
  /** How many lines of a frame match, from its line `first` on. */
  count(frame: Frame, first: number): number;
  /** The lines of a frame that match, from its line `first` on, after passing over `skip` of those. */
  lines(frame: Frame, first: number, skip: number, epoch: string): LogLine[];
}

/** Makes the filter of a query; `last`, `after` and `follow` are not its concern. */
export function createLineFilter(query: LogQuery): LineFilter {
  const processes = query.processes === undefined ? undefined : new Set(query.processes);
  const since = query.since?.getTime() ?? Number.NEGATIVE_INFINITY;
  const until = query.until?.getTime() ?? Number.POSITIVE_INFINITY;
  const needle = query.contains?.toLowerCase() ?? "";
  // Descriptions repeat from frame to frame, and parsing JSON is dearer than all else that is done per frame.
  let lastText = "";
  let lastDescription: FrameDescription | undefined;

  function describe(frame: Frame): FrameDescription {
    if (lastDescription === undefined || frame.description !== lastText) {
      lastDescription = decodeDescription(frame.description);
      lastText = frame.description;
    }
    return lastDescription;
  }

  function mayMatch(frame: Frame): boolean {
    if (frame.kind !== "lines" || frame.lineCount === 0) return false;
    if (frame.time < since || frame.time >= until) return false;
    const description = describe(frame);
    if (processes !== undefined && !processes.has(description.process)) return false;
    if (query.instance !== undefined && description.instance !== query.instance) return false;
    return query.release === undefined || description.release === query.release;
  }

  function textsOf(frame: Frame): string[] | undefined {
    const text = frame.body.toString("utf8");
    if (needle !== "" && !text.toLowerCase().includes(needle)) return undefined;
    const texts = text.split("\n");
    texts.pop();
    return texts;
  }

  return {
    count: (frame, first) => {
      if (!mayMatch(frame) || first >= frame.lineCount) return 0;
      if (needle === "") return frame.lineCount - first;
      const texts = textsOf(frame) ?? [];
      let count = 0;
      for (let index = first; index < texts.length; index++) {
        if (texts[index]!.toLowerCase().includes(needle)) count++;
      }
      return count;
    },
    lines: (frame, first, skip, epoch) => {
      const texts = mayMatch(frame) ? textsOf(frame) : undefined;
      if (texts === undefined) return [];
      const { process, instance, release, stream } = describe(frame);
      const time = new Date(frame.time).toISOString();
      const prefix = cursorPrefix(epoch);
      const lines: LogLine[] = [];
      let toSkip = skip;
      for (let index = first; index < texts.length; index++) {
        const text = texts[index]!;
        if (needle !== "" && !text.toLowerCase().includes(needle)) continue;
        if (toSkip-- > 0) continue;
        const cursor = prefix + (frame.sequence + index).toString(36);
        lines.push(
          release === undefined
            ? { time, process, instance, stream, text, cursor }
            : { time, process, instance, release, stream, text, cursor },
        );
      }
      return lines;
    },
  };
}
