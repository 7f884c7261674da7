import type { HerokuLine } from "./parse-line.js";

/** Lines that are remembered: twice what Heroku keeps of an app, so that a whole replay is known. */
const mostRemembered = 3_000;

/** What makes two lines the same line: time to the microsecond, source, emitter and text. */
export function fingerprint(line: HerokuLine): string {
  return `${line.stamp} ${line.source}[${line.emitter}]: ${line.text}`;
}

/** The lines that were passed on, so that those of a replay are told from new ones. */
export interface SeenLines {
  /** Begins a replay: a new session, which says again what the last one has said. */
  replay(): void;
  /** Whether this line is new; it is remembered. */
  isNew(line: HerokuLine): boolean;
  /** Remembers a line that is not wanted. */
  add(line: HerokuLine): void;
}

/**
 * Tells new lines from repeated ones. Heroku's lines have no number: equal lines of one microsecond are counted.
 *
 * A replay begins with lines from before the first that was seen. They are older than the newest seen line and stand
 * before every known one; once a known or a newer line has come, all that is unknown is new, however late it was delivered.
 */
export function createSeenLines(): SeenLines {
  const remembered: string[] = [];
  const counts = new Map<string, number>();
  let repeated = new Map<string, number>();
  let newest: number | undefined;
  let anchored = true;

  const add = (line: HerokuLine): void => {
    const key = fingerprint(line);
    remembered.push(key);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    newest = Math.max(newest ?? line.at, line.at);
    if (remembered.length <= mostRemembered * 2) return;
    for (const old of remembered.splice(0, mostRemembered)) {
      const left = (counts.get(old) ?? 1) - 1;
      if (left === 0) counts.delete(old);
      else counts.set(old, left);
    }
  };
  return {
    add,
    replay() {
      repeated = new Map();
      anchored = newest === undefined;
    },
    isNew(line) {
      const key = fingerprint(line);
      const again = (repeated.get(key) ?? 0) + 1;
      if (again <= (counts.get(key) ?? 0)) {
        repeated.set(key, again);
        anchored = true;
        return false;
      }
      if (!anchored && newest !== undefined && line.at <= newest) return false;
      anchored = true;
      repeated.set(key, again);
      add(line);
      return true;
    },
  };
}
