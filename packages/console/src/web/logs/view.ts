/**
 * One page of logs at work: what is held, what is followed, what is chosen. Components read its signals.
 *
 * @module
 */

import { batch, computed, signal } from "@preact/signals";
import { pageToQuery } from "../../shared/filter-query.js";
import type { LiveMessage, LogEntry, LogFacts, LogFilter, LogPage } from "../../shared/log-types.js";
import { ApiError, environmentPath, get, isAbort } from "../api.js";
import { loadMe, toSignIn } from "../session.js";
import { createIntake } from "./intake.js";
import { type Connection, openLive } from "./live-socket.js";
import { relabelled } from "./relabels.js";
import { type Away, type Skipped, seqOf, shows, spokenOf } from "./rows.js";
import type { LogView, Selection } from "./view-types.js";
import { createWindow } from "./window.js";

/** Lines of the first page, and of each that scrolling brings. */
const PAGE = 1000;

/** The facts with the releases that begin among new lines. */
function withReleases(facts: LogFacts, lines: readonly LogEntry[]): LogFacts {
  let newest = facts.releases.at(-1)?.release ?? 0;
  const added = [];
  for (const { release, seq, time } of lines) {
    if (release === undefined || release <= newest) continue;
    newest = release;
    added.push({ release, seq, time });
  }
  return added.length === 0 ? facts : { ...facts, releases: [...facts.releases, ...added] };
}

/** A page of logs of an app's environment; nothing is asked for until it is opened. */
export function createLogView(app: string, environment: string): LogView {
  const path = environmentPath(app, environment, "logs");
  const held = createWindow();
  const version = signal(0);
  const facts = signal<LogFacts | undefined>(undefined);
  const connection = signal<Connection>({ state: "off" });
  const problem = signal<ApiError | undefined>(undefined);
  const loading = signal<"" | "first" | "older" | "newer">("");
  const following = signal(true);
  const unseen = signal(0);
  const selection = signal<Selection | undefined>(undefined);
  const expanded = signal<ReadonlySet<number>>(new Set());
  const rate = signal(0);
  const spoken = signal("");
  const filter = signal<LogFilter>({});
  const sought = signal<{ readonly seq: number; readonly align: "center" | "start" | "auto" } | undefined>(
    undefined,
  );
  const flooding = computed(() => rate.value > 5);
  // What depends on this alone is not drawn anew with each line.
  const empty = computed(() => version.value >= 0 && held.rows.length === 0);

  let round = new AbortController();
  let closeLive: (() => void) | undefined;
  let lookedAt = 0;
  let came = 0;
  const filling = new Set<Away | Skipped>();

  const show = (): void => {
    version.value = held.version;
  };

  const read = (query: Parameters<typeof pageToQuery>[0], signal: AbortSignal): Promise<LogPage> =>
    get<LogPage>(`${path}?${pageToQuery({ filter: filter.value, limit: PAGE, ...query })}`, { signal }).then(
      (page) => ({ ...page, lines: relabelled(page.lines, filter.value) }),
    );

  const attempt = async (
    what: "first" | "older" | "newer",
    action: (signal: AbortSignal) => Promise<void>,
  ) => {
    const { signal } = round;
    loading.value = what;
    try {
      await action(signal);
      if (!signal.aborted) problem.value = undefined;
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      problem.value =
        error instanceof ApiError ? error : new ApiError(0, "console.unexpected", String(error));
    } finally {
      if (!signal.aborted) loading.value = "";
    }
  };

  const anew = (): void => {
    round.abort();
    round = new AbortController();
    closeLive?.();
    closeLive = undefined;
    intake.clear();
    filling.clear();
    unseen.value = 0;
  };

  const intake = createIntake((pieces) => {
    let fresh = 0;
    batch(() => {
      for (const piece of pieces) {
        if ("gap" in piece) {
          held.skip(piece.gap.from, piece.gap.to, piece.gap.count);
          fresh += piece.gap.count;
        } else {
          fresh += held.append(piece.lines);
          if (facts.value !== undefined) facts.value = withReleases(facts.value, piece.lines);
        }
      }
      held.evict(following.value ? held.rows.length - 1 : lookedAt, following.value);
      if (!following.value) unseen.value += fresh;
      show();
    });
  });

  const take = (message: LiveMessage): void => {
    if (message.type === "lines") {
      intake.lines(relabelled(message.lines, filter.value));
      came += message.lines.length;
    } else if (message.type === "skipped") {
      intake.gap(message);
    } else if (message.type === "caught-up") {
      if (intake.empty) held.caughtUp(message.seq);
    } else if (message.type === "feed") {
      if (facts.value !== undefined) facts.value = { ...facts.value, feed: message.feed };
    } else if (message.reason === "signed-out") {
      toSignIn();
    } else if (message.reason === "revoked") {
      anew();
      held.reset({ lines: [], hasOlder: false, hasNewer: false });
      problem.value = new ApiError(
        403,
        "access.revoked",
        "Your access to these logs has ended.",
        "Ask whoever manages this app.",
      );
      show();
      void loadMe();
    }
  };

  const follow = (): void => {
    closeLive?.();
    closeLive = openLive({
      path: `${path}/live`,
      filter: filter.value,
      after: () => intake.last ?? held.last ?? 0,
      onMessage: take,
      onConnection: (state) => {
        connection.value = state;
      },
      mayRetry: async () => {
        try {
          facts.value = await get<LogFacts>(`${path}/facts`);
          return true;
        } catch (error) {
          if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500) return true;
          problem.value = error;
          return false;
        }
      },
    });
  };

  const loadFacts = (): void => {
    get<LogFacts>(`${path}/facts`, { signal: round.signal }).then(
      (known) => {
        facts.value = known;
      },
      () => {},
    );
  };

  const begin = (page: LogPage): void => {
    held.reset(page);
    if (!page.hasNewer) follow();
    else connection.value = { state: "off" };
    show();
  };

  const newest = async (signal: AbortSignal): Promise<void> => {
    const page = await read({}, signal);
    if (signal.aborted) return;
    following.value = true;
    begin(page);
  };

  const around = async (seq: number, signal: AbortSignal): Promise<void> => {
    const page = await read({ around: seq }, signal);
    if (signal.aborted) return;
    following.value = false;
    begin(page);
    const gone = page.oldestSeq !== undefined && seq < page.oldestSeq;
    if (gone) {
      problem.value = new ApiError(
        404,
        "logs.gone",
        `Line ${seq} is not kept any longer.`,
        "The oldest lines that are kept are shown.",
      );
    }
    sought.value = { seq, align: "center" };
    if (gone) throw problem.value;
  };

  // What is known of the rate, and what a screen reader is told: four times a second at most, never while flooding.
  const ticker = setInterval(() => {
    rate.value = came;
    if (came > 0 && came <= 5) {
      spoken.value = spokenOf(held.rows.slice(-came));
    }
    came = 0;
  }, 1000);

  const view: LogView = {
    path,
    window: held,
    version,
    empty,
    facts,
    connection,
    problem,
    loading,
    following,
    unseen,
    selection,
    expanded,
    rate,
    flooding,
    spoken,
    sought,
    filter,
    async open(next, line) {
      anew();
      filter.value = next;
      loadFacts();
      await attempt("first", (signal) => (line === undefined ? newest(signal) : around(line, signal)));
    },
    async older() {
      if (loading.value !== "" || !held.hasOlder || held.rows[0] === undefined) return;
      const before = seqOf(held.rows[0]);
      await attempt("older", async (signal) => {
        const page = await read({ before }, signal);
        if (signal.aborted) return;
        held.prepend(page);
        held.evict(0, false);
        show();
      });
    },
    async newer() {
      if (loading.value !== "" || !held.hasNewer) return;
      await attempt("newer", async (signal) => {
        const page = await read({ after: held.last ?? 0 }, signal);
        if (signal.aborted) return;
        held.extend(page);
        held.evict(lookedAt, false);
        if (!page.hasNewer) follow();
        show();
      });
    },
    async fill(place) {
      if (filling.has(place)) return;
      filling.add(place);
      const { signal } = round;
      try {
        const page = await read(
          { after: place.from - 1, limit: Math.min(5000, Math.max(PAGE, place.count)) },
          signal,
        );
        if (signal.aborted) return;
        const beyond = page.lines.some((line) => line.seq > place.to);
        held.fill(place, page.lines, beyond || !page.hasNewer);
        held.evict(lookedAt, following.value);
        show();
      } catch (error) {
        if (!isAbort(error) && error instanceof ApiError) problem.value = error;
      } finally {
        filling.delete(place);
      }
    },
    async jump(seq) {
      const row = held.rows[held.rowOf(seq)];
      const first = held.rows[0];
      const here = row !== undefined && first !== undefined && seqOf(first) <= seq && shows(row, seq);
      following.value = false;
      if (here) {
        if ("kind" in row && row.kind === "fold") expanded.value = new Set([...expanded.value, row.head.seq]);
        sought.value = { seq, align: "center" };
        return;
      }
      anew();
      await attempt("first", (signal) => around(seq, signal));
    },
    async jumpToTime(time) {
      anew();
      await attempt("first", async (signal) => {
        const page = await read({ at: Math.max(0, Math.floor(time)) }, signal);
        if (signal.aborted) return;
        following.value = false;
        begin(page);
        const line = page.lines.find((one) => one.time >= time) ?? page.lines.at(-1);
        if (line !== undefined) {
          selection.value = { from: line.seq, to: line.seq };
          sought.value = { seq: line.seq, align: "start" };
        }
      });
    },
    async toStart() {
      anew();
      await attempt("first", async (signal) => {
        const page = await read({ after: 0 }, signal);
        if (signal.aborted) return;
        following.value = false;
        begin(page);
        const line = page.lines[0];
        if (line !== undefined) sought.value = { seq: line.seq, align: "start" };
      });
    },
    async resume() {
      unseen.value = 0;
      selection.value = undefined;
      if (held.hasNewer) {
        anew();
        await attempt("first", newest);
      } else {
        following.value = true;
        show();
      }
    },
    pause() {
      following.value = false;
    },
    looked(index) {
      lookedAt = index;
    },
    toggle(seq) {
      const next = new Set(expanded.value);
      if (!next.delete(seq)) next.add(seq);
      expanded.value = next;
    },
    close() {
      anew();
      clearInterval(ticker);
    },
  };
  return view;
}
