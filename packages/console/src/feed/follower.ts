import { DeployError, isSupported, type LogLine, type LogQuery, toDeployError } from "@deploy/core";
import type { ConsoleEnvironment } from "../apps/types.js";
import type { FeedState } from "../shared/log-types.js";
import type { LogStore, NewLine, StoredStream } from "../store/types.js";
import { createBackoff, pauseFor } from "./backoff.js";
import { createKnownLines, type KnownLines } from "./known-lines.js";
import { readPlace, writePlace } from "./place.js";
import type { LinePreparer } from "./prepare-line.js";
import { pump } from "./pump.js";
import type { Redactor } from "./redact.js";
import type { SecretValues } from "./secret-values.js";
import type { StreamWriter } from "./stream-writer.js";

/** What one environment's lines are followed with. */
export interface FollowerOptions {
  readonly environment: ConsoleEnvironment;
  readonly store: LogStore;
  readonly stream: StoredStream;
  readonly writer: StreamWriter;
  readonly redactor: Redactor;
  readonly preparer: LinePreparer;
  readonly secrets: SecretValues;
  readonly now: () => number;
  /** How far back the first start reads, in milliseconds; undefined: as far as the provider holds lines. */
  readonly historyMs: number | undefined;
  readonly pace: FeedPace;
  onState(state: FeedState): void;
}

/** Times in milliseconds; tests make them small. */
export interface FeedPace {
  /** Between two looks at logs that cannot be followed. Default 3 s. */
  readonly pollMs: number;
  /** How far back is read again where there is no cursor. Default 10 s. */
  readonly overlapMs: number;
  /** A stream that is silent for so long is opened again, in case it hangs. Default 15 min. */
  readonly renewMs: number;
  /** The same where no line has ever come: nothing may be deployed yet. Default 1 min. */
  readonly renewEmptyMs: number;
  /** Between two looks at the versions of secrets. Default 1 min. */
  readonly secretsMs: number;
  /** A stream that has not failed for so long works. Default 5 s. */
  readonly settleMs: number;
  /** Between two looks for the output of new releases, where that does not come with the lines. Default 1 min. */
  readonly releasesMs: number;
}

/** Follows one environment until it is closed. */
export interface Follower {
  close(): Promise<void>;
}

const source = "logs";
/** Lines that are looked at to take up an open private key, or a line that was cut. */
const primedLines = 400;
/** Lines that are loaded from the store to tell known ones from new ones. */
const mostKnown = 50_000;

/** The platform tells of a release, or of a setting that makes one: some have no number of it in their lines. */
const isOfRelease = ({ process, stream }: LogLine): boolean => process === "release" && stream === "system";

/** Starts following. Failures of the provider are states, and end nothing. */
export function startFollower(options: FollowerOptions): Follower {
  const { environment, store, stream, writer, redactor, preparer, secrets, now, pace, onState } = options;
  const { deployer } = environment;
  const closing = new AbortController();
  const { signal } = closing;
  const backoff = createBackoff();
  const provider = deployer.environment.providers.logs;
  const capabilities = provider.logs?.capabilities;
  const canFollow = isSupported(capabilities?.follow);
  const canResume = isSupported(capabilities?.resume);
  let place = readPlace(stream.checkpoint(source));
  let cursorRefused = false;
  let known: KnownLines | undefined;
  let newestRelease = 0;

  /** What to ask for next, and which of the answer is known already. */
  const nextQuery = async (): Promise<LogQuery> => {
    const follow = canFollow ? { follow: true } : {};
    if (canResume && !cursorRefused && place?.cursor !== undefined) {
      known = undefined;
      return { ...follow, after: place.cursor };
    }
    if (place === undefined) {
      const { historyMs } = options;
      return historyMs === undefined ? follow : { ...follow, since: new Date(now() - historyMs) };
    }
    const since = place.time - pace.overlapMs;
    known ??= await loadKnown(stream, since, pace.overlapMs);
    known.rewind(since);
    return { ...follow, since: new Date(since) };
  };

  const take = async (lines: readonly LogLine[]): Promise<void> => {
    const release = lines.reduce((most, line) => Math.max(most, line.release ?? 0), newestRelease);
    if (release > newestRelease || lines.some(isOfRelease)) {
      // A new release may have new secrets, and its first lines may show them.
      await secrets.refresh();
      newestRelease = release;
    }
    const fresh: NewLine[] = [];
    let time = place?.time ?? Number.NEGATIVE_INFINITY;
    for (const line of lines) {
      const prepared = preparer.prepare(line);
      time = Math.max(time, prepared.time);
      if (known?.isKnown(prepared) === true) continue;
      fresh.push(prepared);
    }
    const cursor = canResume ? lines.at(-1)?.cursor : undefined;
    const reached = { time, ...(cursor === undefined ? {} : { cursor }) };
    await writer.write(fresh, { source, cursor: writePlace(reached) });
    if (known !== undefined) for (const line of fresh) known.remember(line);
    place = reached;
    cursorRefused = false;
  };

  const readOnce = async (wasTrouble: boolean): Promise<void> => {
    const query = await nextQuery();
    redactor.prime(await lastLines(stream));
    const ending = new AbortController();
    const stop = (): void => ending.abort();
    signal.addEventListener("abort", stop, { once: true });
    // It may have come while the place was looked up.
    if (signal.aborted) stop();
    let heardAt = now();
    let failed = false;
    const settled = (): void => {
      const gap = secrets.gap();
      onState({ state: "following", ...(gap === undefined ? {} : { problem: gap }) });
    };
    // After a failure it has to prove itself: else the state would jump between the two.
    const settling = wasTrouble ? setTimeout(settled, pace.settleMs) : undefined;
    if (!wasTrouble) settled();
    const watch = setInterval(() => {
      const silent = place === undefined ? pace.renewEmptyMs : pace.renewMs;
      if (now() - heardAt > silent) stop();
    }, Math.min(pace.renewEmptyMs, pace.renewMs) / 4);
    const refresh = setInterval(() => void secrets.refresh().catch(() => undefined), pace.secretsMs);
    try {
      await pump(deployer.logs({ ...query, signal: ending.signal }), {
        take: async (lines) => {
          heardAt = now();
          await take(lines);
          if (settling !== undefined) clearTimeout(settling);
          backoff.reset();
          settled();
        },
        sizeOf: ({ text }) => text.length,
        stop: () => {
          failed = true;
          stop();
        },
        signal: ending.signal,
      });
      if (settling !== undefined && now() - heardAt > pace.settleMs) backoff.reset();
    } catch (thrown) {
      // Told to end: how it ends is of no interest.
      if (failed || !ending.signal.aborted) throw thrown;
    } finally {
      clearTimeout(settling);
      clearInterval(watch);
      clearInterval(refresh);
      signal.removeEventListener("abort", stop);
    }
  };

  const run = async (): Promise<void> => {
    if (capabilities === undefined) {
      onState({ state: "stopped", problem: `${provider.name} has no logs.` });
      return;
    }
    let isTrouble = false;
    onState({ state: "starting" });
    while (!signal.aborted) {
      const state = store.state();
      if (state.state === "read-only") {
        onState({ state: "stopped", problem: `Nothing is stored: ${state.reason} ${state.hint}` });
        await writable(store, signal);
        continue;
      }
      try {
        await secrets.refresh();
        await readOnce(isTrouble);
        isTrouble = false;
        await pauseFor(canFollow ? Math.min(1_000, pace.pollMs) : pace.pollMs, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        if (isReadOnly(thrown)) continue;
        const error = toDeployError(thrown, "logs.unavailable");
        if (error.code === "logs.bad-cursor" && !cursorRefused) {
          cursorRefused = true;
          continue;
        }
        isTrouble = true;
        const pause = isNothingThere(error) ? pace.renewEmptyMs : backoff.next();
        const problem = error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
        onState({ state: "retrying", problem, nextTry: now() + pause });
        await pauseFor(pause, signal);
      }
    }
  };

  const running = run();
  return {
    close: async () => {
      closing.abort();
      await running;
      onState({ state: "stopped" });
    },
  };
}

function isReadOnly(thrown: unknown): boolean {
  return DeployError.is(thrown) && thrown.code === "console.store-read-only";
}

/** Not deployed yet is no failure; asked again at leisure. */
function isNothingThere(error: DeployError): boolean {
  return /\.(?:not-deployed|not-found|nothing-deployed)$/.test(error.code);
}

/** Resolves once the store takes lines again; looked at now and then as well. */
function writable(store: LogStore, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      clearInterval(look);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const look = setInterval(() => {
      if (store.state().state === "writable") done();
    }, 1_000);
    const stop = store.onState((state) => {
      if (state.state === "writable") done();
    });
    signal.addEventListener("abort", done, { once: true });
  });
}

async function lastLines(stream: StoredStream): Promise<readonly { source: string; text: string }[]> {
  const { lines } = await stream.read({ limit: primedLines });
  return lines.map(({ instance, stream: name, text }) => ({ source: `${instance} ${name}`, text }));
}

async function loadKnown(stream: StoredStream, since: number, overlapMs: number): Promise<KnownLines> {
  const known = createKnownLines(overlapMs);
  let count = 0;
  for (let after: number | undefined; count < mostKnown; ) {
    const page = await stream.read({ limit: 5_000, ...(after === undefined ? { at: since } : { after }) });
    for (const line of page.lines) known.remember(line);
    count += page.lines.length;
    after = page.lines.at(-1)?.seq;
    if (!page.hasNewer || after === undefined) break;
  }
  return known;
}
