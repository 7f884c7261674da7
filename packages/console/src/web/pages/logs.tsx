import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { filterToQuery } from "../../shared/filter-query.js";
import { copy } from "../components/button.js";
import { Button, Empty, ErrorNotice, Loading, Notice, type PageProps } from "../components/index.js";
import { ChosenBar } from "../logs/chosen-bar.js";
import { chosenLink, chosenText } from "../logs/chosen-lines.js";
import { FilterBar } from "../logs/filter-bar.js";
import { Help } from "../logs/help.js";
import { createHighlighter } from "../logs/highlight.js";
import { Histogram } from "../logs/histogram.js";
import { useKeys } from "../logs/keys.js";
import { LogList } from "../logs/list.js";
import { neutralised } from "../logs/neutralise.js";
import { relabelsOf, withRelabels } from "../logs/relabels.js";
import { ResumeButton } from "../logs/resume-button.js";
import type { RowActions } from "../logs/row.js";
import { createSearch, SearchPanel } from "../logs/search-panel.js";
import { isFiltered, linesOf, queryOf, type SearchState, stateOf } from "../logs/search-state.js";
import { StatusBar } from "../logs/status-bar.js";
import { countsOf, useHistogram } from "../logs/use-histogram.js";
import { createLogView } from "../logs/view.js";
import { clock, wrap, zone } from "../preferences.js";
import { place, setQuery } from "../router.js";
import "../logs/logs.css";

/** Log lines of an app's environment: live, stored, searched. The address holds the filter and the chosen lines. */
export default function LogsPage({ params }: PageProps): JSX.Element {
  const app = params.app!;
  const environment = params.environment!;
  const view = useMemo(() => createLogView(app, environment), [app, environment]);
  const search = useMemo(() => createSearch(view.path), [view]);
  const input = useRef<HTMLInputElement>(null);
  const [help, setHelp] = useState(false);

  const said = useMemo(() => relabelsOf(app, environment), [app, environment]);
  const state = stateOf(place.value.query);
  const { find } = state;
  const filter = withRelabels(state.filter, said.value);
  const { text: _, regex, caseSensitive, invert, ...rest } = filter;
  // In a search the text marks lines; it hides none.
  const shown = find ? rest : filter;
  const shownKey = filterToQuery(shown).toString();
  const wanted = filter.text;

  const highlighter = useMemo(
    () =>
      createHighlighter(
        wanted === undefined || invert
          ? undefined
          : { text: wanted, regex: regex === true, caseSensitive: caseSensitive === true },
      ),
    [wanted, regex, caseSensitive, invert],
  );
  useEffect(() => () => highlighter.close(), [highlighter]);
  useEffect(() => {
    document.title = `Logs of ${app} ${environment} · Deploy`;
    return () => {
      search.close();
      view.close();
    };
  }, [view, search, app, environment]);

  // The address rules: a permalink, the back button and the filter bar all go through it.
  // `shownKey` is all of `shown`.
  useEffect(() => {
    const chosen = linesOf(place.peek().query);
    view.selection.value = chosen;
    void view.open(shown, chosen?.from);
  }, [view, shownKey]);

  // What is chosen goes to the address, not with every key but once it rests: browsers allow few changes a second.
  useEffect(
    () =>
      view.selection.subscribe((chosen) => {
        clearTimeout(pendingAddress);
        pendingAddress = setTimeout(() => {
          setQuery({
            line: chosen === undefined ? undefined : String(chosen.from),
            to: chosen === undefined || chosen.to === chosen.from ? undefined : String(chosen.to),
          });
        }, 250);
      }),
    [view],
  );

  // All levels are counted, whichever are shown: the chips say what there would be.
  const { levels: __, ...counted } = rest;
  const histogram = useHistogram(view, counted, shownKey);
  const counts = useMemo(() => countsOf(histogram), [histogram]);
  const change = (next: SearchState): void => {
    setQuery(queryOf(next), { push: true });
    if (!next.find) search.close();
  };
  const begin = (next: SearchState): void => {
    change(next);
    if (next.find && next.filter.text !== undefined) search.start(withRelabels(next.filter, said.value));
  };
  // An address with a search in it shows what it finds.
  // At the start only.
  useEffect(() => {
    if (find && wanted !== undefined) search.start(filter);
  }, [search]);

  const choose = (seq: number, extend: boolean): void => {
    const before = view.selection.value;
    view.pause();
    view.selection.value =
      extend && before !== undefined
        ? { from: Math.min(before.from, seq), to: Math.max(before.to, seq) }
        : before?.from === seq && before.to === seq
          ? undefined
          : { from: seq, to: seq };
  };
  const context = (seq: number): void => {
    view.selection.value = { from: seq, to: seq };
    // The text moves from hiding lines to marking them, level and time hide none: all that is around it in the same
    // processes, instances, releases and streams. The line stays in sight.
    const { levels: _levels, since: _since, until: _until, invert: _invert, ...kept } = state.filter;
    setQuery(
      {
        ...queryOf({ filter: kept, find: true }),
        line: String(seq),
        to: undefined,
      },
      { push: true },
    );
  };
  const actions: RowActions = useMemo(
    () => ({
      choose,
      toggle: view.toggle,
      load: (row) => {
        if ("kind" in row && row.kind !== "fold") void view.fill(row);
      },
      filterText: (text) =>
        change({
          filter: {
            ...stateOf(place.peek().query).filter,
            text,
            regex: false,
            invert: false,
            caseSensitive: true,
          },
          find: false,
        }),
      context,
      go: (seq) => void view.jump(seq),
    }),
    // Anew when what they read has changed.
    [view, shownKey, wanted, find],
  );
  const hit = (back: boolean): void => {
    if (search.state.value === undefined && wanted !== undefined) search.start(filter);
    const seq = search.step(back);
    if (seq !== undefined) {
      view.selection.value = { from: seq, to: seq };
      void view.jump(seq);
    }
  };

  useKeys({
    view,
    search: () => input.current?.focus(),
    help: () => setHelp(true),
    hit,
    context,
    copy: () => void copy(chosenText(view), "Lines copied"),
    link: () => void copy(chosenLink(view), "Link copied"),
    wrap: () => {
      wrap.value = wrap.value === "wrap" ? "scroll" : "wrap";
    },
    zone: () => {
      zone.value = zone.value === "utc" ? "local" : "utc";
    },
    clock: () => {
      clock.value = clock.value === "ago" ? "time" : "ago";
    },
  });

  const facts = view.facts.value;
  const none = view.empty.value;
  const empty = none && view.loading.value === "" && view.problem.value === undefined;
  return (
    <div class="logs">
      <h1 class="visually-hidden">{`Logs of ${app} ${environment}`}</h1>
      <FilterBar
        state={state}
        facts={facts}
        counts={counts}
        input={input}
        relabels={said.value}
        onRelabel={(relabels) => {
          said.value = relabels;
        }}
        onChange={change}
        onSearch={begin}
        onJump={(time) => void view.jumpToTime(time)}
      />
      <Histogram
        buckets={histogram}
        onJump={(time) => void view.jumpToTime(time)}
        onRange={(since, end) => change({ ...state, filter: { ...state.filter, since, until: end } })}
      />
      <div class="log-notices">
        {facts?.store.state === "read-only" ? (
          <Notice kind="warn" title={`Nothing new is stored: ${facts.store.reason}`}>
            {facts.store.hint}
          </Notice>
        ) : null}
        {view.problem.value === undefined ? null : (
          <ErrorNotice error={view.problem.value} onRetry={() => void view.open(shown)} />
        )}
        {highlighter.problem.value === "" ? null : <Notice kind="warn">{highlighter.problem.value}</Notice>}
      </div>
      <div class="log-frame">
        {view.loading.value === "first" && none ? <Loading label="Loading lines" /> : null}
        {empty ? (
          <Empty
            title={isFiltered(shown) ? "No line matches" : "No lines yet"}
            actions={
              isFiltered(shown) ? (
                <Button onClick={() => change({ filter: {}, find })}>Clear the filter</Button>
              ) : undefined
            }
          >
            {isFiltered(shown)
              ? "New lines that match appear here."
              : "They appear here as soon as the app writes some."}
          </Empty>
        ) : null}
        <LogList view={view} highlighter={highlighter} actions={actions} filtered={isFiltered(shown)} />
        {view.loading.value === "older" && !none ? <div class="log-older">Loading older lines…</div> : null}
        {view.following.value || none ? null : <ResumeButton view={view} />}
        <ChosenBar
          view={view}
          onCopy={() => void copy(chosenText(view), "Lines copied")}
          onLink={() => void copy(chosenLink(view), "Link copied")}
        />
      </div>
      <SearchPanel
        search={search}
        highlighter={highlighter}
        onOpen={(seq) => {
          view.selection.value = { from: seq, to: seq };
          void view.jump(seq);
        }}
      />
      <StatusBar view={view} filter={shown} onHelp={() => setHelp(true)} />
      <div class="visually-hidden" aria-live={view.flooding.value ? "off" : "polite"}>
        {view.flooding.value ? "" : neutralised(view.spoken.value)}
      </div>
      <Help open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

let pendingAddress: ReturnType<typeof setTimeout> | undefined;
