import { type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import { pageToQuery } from "../../shared/filter-query.js";
import type { LogEntry, LogFilter, SearchStep } from "../../shared/log-types.js";
import { ApiError, isAbort, stream } from "../api.js";
import { Button } from "../components/index.js";
import { zone } from "../preferences.js";
import type { Highlighter } from "./highlight.js";
import { LineText } from "./line-text.js";
import { dayOf, timeOfDay } from "./times.js";

/** A search backwards through the history. */
export interface Search {
  readonly state: Signal<SearchProgress | undefined>;
  /** Begins anew. */
  start(filter: LogFilter): void;
  /** Goes on where it stopped. */
  more(): void;
  /** Chooses the next hit, one further back, or one further forward; answers with its number. */
  step(back: boolean): number | undefined;
  choose(seq: number): void;
  close(): void;
}

/** How far a search is. */
interface SearchProgress {
  readonly hits: readonly LogEntry[];
  readonly chosen: number | undefined;
  readonly scanned: number;
  /** So far back it has looked. */
  readonly reached?: { readonly seq: number; readonly time: number };
  readonly running: boolean;
  readonly complete: boolean;
  readonly problem?: ApiError;
}

const HITS = 200;

/** A search; `path` is that of the logs. */
export function createSearch(path: string): Search {
  const state = signal<SearchProgress | undefined>(undefined);
  let controller = new AbortController();
  let filter: LogFilter = {};
  let before: number | undefined;

  const run = async (): Promise<void> => {
    const { signal } = controller;
    try {
      const query = pageToQuery({ filter, limit: HITS, ...(before === undefined ? {} : { before }) });
      const base = state.value?.scanned ?? 0;
      for await (const step of stream<SearchStep>(`${path}/search?${query}`, { signal })) {
        const now = state.value;
        if (signal.aborted || now === undefined) return;
        if (step.type === "hits") state.value = { ...now, hits: [...now.hits, ...step.lines] };
        else if (step.type === "progress") {
          state.value = { ...now, scanned: base + step.scanned, reached: { seq: step.seq, time: step.time } };
        } else {
          before = step.seq;
          state.value = { ...now, scanned: base + step.scanned, running: false, complete: step.complete };
        }
      }
      if (state.value?.running) state.value = { ...state.value, running: false };
    } catch (error) {
      if (isAbort(error) || signal.aborted || state.value === undefined) return;
      const problem =
        error instanceof ApiError ? error : new ApiError(0, "console.unreachable", "The search has stopped.");
      state.value = { ...state.value, running: false, problem };
    }
  };

  return {
    state,
    start(wanted) {
      controller.abort();
      controller = new AbortController();
      filter = wanted;
      before = undefined;
      state.value = { hits: [], chosen: undefined, scanned: 0, running: true, complete: false };
      void run();
    },
    more() {
      const now = state.value;
      if (now === undefined || now.running) return;
      const { problem: _, ...rest } = now;
      before ??= now.hits.at(-1)?.seq;
      state.value = { ...rest, running: true };
      void run();
    },
    step(back) {
      const now = state.value;
      if (now === undefined || now.hits.length === 0) return undefined;
      const place = now.chosen === undefined ? -1 : now.hits.findIndex((hit) => hit.seq === now.chosen);
      const next = Math.max(0, Math.min(now.hits.length - 1, place + (back ? 1 : -1)));
      const seq = now.hits[next]!.seq;
      state.value = { ...now, chosen: seq };
      if (next >= now.hits.length - 3 && !now.complete) this.more();
      return seq;
    },
    choose(seq) {
      if (state.value !== undefined) state.value = { ...state.value, chosen: seq };
    },
    close() {
      controller.abort();
      state.value = undefined;
    },
  };
}

/** What was found, newest first, how far back was looked, and a way to go on. */
export function SearchPanel(props: {
  readonly search: Search;
  readonly highlighter: Highlighter;
  onOpen(seq: number): void;
}): JSX.Element | null {
  const now = props.search.state.value;
  if (now === undefined) return null;
  const looked = `${now.scanned.toLocaleString("en")} lines looked at`;
  const reached = now.complete
    ? "back to the beginning"
    : now.reached === undefined
      ? ""
      : `back to ${dayOf(now.reached.time, zone.value)} ${timeOfDay(now.reached.time, zone.value).slice(0, 8)}`;
  return (
    <section class="search-panel" aria-label="Search results">
      <header class="search-head">
        <strong role="status">
          {`${now.hits.length}${now.complete ? "" : "+"} ${now.hits.length === 1 ? "match" : "matches"}`}
        </strong>
        <span class="muted">{`${looked}${reached === "" ? "" : `, ${reached}`}`}</span>
        {now.running ? <span class="spinner" aria-hidden="true" /> : null}
        <span class="search-keys muted">
          <kbd>n</kbd> older <kbd>N</kbd> newer
        </span>
        {!now.running && !now.complete ? (
          <Button small onClick={() => props.search.more()}>
            Continue
          </Button>
        ) : null}
        <button
          type="button"
          class="icon-button"
          aria-label="Close the results"
          onClick={() => props.search.close()}
        >
          ✕
        </button>
      </header>
      {now.problem === undefined ? null : <p class="field-error">{now.problem.message}</p>}
      <ol class="hits">
        {now.hits.slice(0, 1000).map((hit) => (
          <li key={hit.seq}>
            <button
              type="button"
              class="hit"
              aria-current={now.chosen === hit.seq ? "true" : undefined}
              onClick={() => {
                props.search.choose(hit.seq);
                props.onOpen(hit.seq);
              }}
            >
              <span class="hit-time">{`${dayOf(hit.time, zone.value).slice(5)} ${timeOfDay(hit.time, zone.value).slice(0, 8)}`}</span>
              <span class="hit-text">
                <LineText text={hit.text.slice(0, 400)} highlighter={props.highlighter} />
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
