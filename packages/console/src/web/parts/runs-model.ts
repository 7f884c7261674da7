import { type Signal, signal } from "@preact/signals";
import type { NumberedProgress, Run, RunDetail, RunList, RunMessage } from "../../shared/run-types.js";
import { type ApiError, environmentPath, get, isAbort } from "../api.js";
import { withRuns } from "./known-runs.js";
import { advance, NO_PROGRESS, type Progress } from "./progress.js";
import { openSocket, type SocketState } from "./reconnecting-socket.js";

/** The runs of an environment, live, and the events of the one that is looked at. */
export interface RunsModel {
  /** Newest first; undefined: not known yet. */
  readonly runs: Signal<readonly Run[] | undefined>;
  readonly progress: Signal<Progress>;
  readonly state: Signal<SocketState>;
  readonly error: Signal<ApiError | undefined>;
  /** Looks at this run from now on. */
  watch(id: string | undefined): void;
  close(): void;
}

/**
 * Follows the runs of an environment.
 *
 * The events of a run come by two ways: what was before by request, what is new by socket. What comes by socket while
 * the request is under way is kept until it is answered, and a number that both bring counts once.
 */
export function followRuns(app: string, environment: string): RunsModel {
  const runs: Signal<readonly Run[] | undefined> = signal(undefined);
  const progress: Signal<Progress> = signal(NO_PROGRESS);
  const state: Signal<SocketState> = signal("connecting");
  const error: Signal<ApiError | undefined> = signal(undefined);
  let watched: string | undefined;
  let early: NumberedProgress[] | undefined;
  let loading: AbortController | undefined;

  const take = (changed: readonly Run[]): void => {
    runs.value = withRuns(runs.value ?? [], changed);
  };

  const load = async (): Promise<void> => {
    const id = watched;
    loading?.abort();
    if (id === undefined) return;
    loading = new AbortController();
    const { signal: aborted } = loading;
    early = [];
    try {
      for (let more = true; more; ) {
        const detail = await get<RunDetail>(environmentPath(app, environment, "runs", id), {
          query: { after: progress.value.last },
          signal: aborted,
        });
        take([detail.run]);
        progress.value = advance(progress.value, detail.events);
        more = detail.more && detail.events.length > 0;
      }
      progress.value = advance(progress.value, early);
      early = undefined;
      error.value = undefined;
    } catch (failure) {
      if (!isAbort(failure)) error.value = failure as ApiError;
    }
  };

  const hear = (message: RunMessage): void => {
    if (message.type === "runs") {
      take(message.runs);
      return;
    }
    take([message.run]);
    if (message.run.id !== watched) return;
    if (message.type === "skipped") void load();
    else if (early !== undefined) early.push(...message.events);
    else progress.value = advance(progress.value, message.events);
  };

  const list = async (): Promise<void> => {
    try {
      take((await get<RunList>(environmentPath(app, environment, "runs"), { query: { limit: 50 } })).runs);
      runs.value ??= [];
    } catch (failure) {
      if (!isAbort(failure)) error.value = failure as ApiError;
    }
  };

  void list();
  const socket = openSocket(environmentPath(app, environment, "runs", "live"), {
    message: (message) => hear(message as RunMessage),
    state: (now) => {
      state.value = now;
      // What happened while it was cut off is in no message.
      if (now === "open") void load();
    },
  });

  return {
    runs,
    progress,
    state,
    error,
    watch: (id) => {
      if (id === watched) return;
      watched = id;
      progress.value = NO_PROGRESS;
      void load();
    },
    close: () => {
      loading?.abort();
      socket.close();
    },
  };
}
