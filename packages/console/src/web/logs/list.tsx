import {
  elementScroll,
  measureElement,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { clock, density, wrap, zone } from "../preferences.js";
import type { Highlighter } from "./highlight.js";
import { type RowActions, RowView } from "./row.js";
import { keyOf, seqOf } from "./rows.js";
import { usePauseGestures } from "./use-pause-gestures.js";
import type { LogView } from "./view-types.js";

const NONE: readonly number[] = [];

/** While a line that was asked for is brought into sight, heights become known and no page may come before it; ms. */
const SETTLING = 400;

/** The time, each second anew, where it is asked for. */
function useNow(wanted: boolean): number | undefined {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!wanted) return;
    const tick = (): void => setNow(Date.now());
    tick();
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }, [wanted]);
  return wanted ? now : undefined;
}

/** The lines: only those in sight are elements, however many are held. */
export function LogList(props: {
  readonly view: LogView;
  readonly highlighter: Highlighter;
  readonly actions: RowActions;
  readonly filtered: boolean;
}): JSX.Element {
  const { view, actions } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [, render] = useReducer((count: number, _: undefined) => count + 1, 0);
  const version = view.version.value;
  const { rows } = view.window;
  const lineHeight = density.value === "compact" ? 17 : 20;
  const following = view.following.value;

  const virtualizer = useMemo(
    () =>
      new Virtualizer<HTMLDivElement, HTMLDivElement>({
        count: 0,
        getScrollElement: () => scroller.current,
        estimateSize: () => lineHeight,
        scrollToFn: elementScroll,
        observeElementRect,
        observeElementOffset,
      }),
    [],
  );
  // The same function as long as the rows are the same: with another one all of them are laid out again.
  const getItemKey = useMemo(() => (index: number) => keyOf(rows[index]!), [rows, version]);
  virtualizer.setOptions({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => {
      const row = rows[index]!;
      return "kind" in row && row.kind === "away" ? row.rows * lineHeight : lineHeight;
    },
    getItemKey,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    measureElement,
    // What follows is replaced before anybody could scroll to it.
    overscan: following ? 2 : 12,
    paddingStart: 4,
    paddingEnd: 8,
    onChange: () => render(undefined),
  });

  // The end is drawn at once: the scrolling that comes behind it finds everything in its place.
  if (following && virtualizer.scrollRect !== null) {
    virtualizer.scrollOffset = Math.max(0, virtualizer.getTotalSize() - virtualizer.scrollRect.height);
  }

  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());

  // Another density or another way to wrap: all heights are others.
  // These two are what heights depend on.
  useLayoutEffect(() => virtualizer.measure(), [density.value, wrap.value]);

  // Where the list has been scrolled to: what happens to it later is a person's doing.
  const top = useRef({ top: 0, height: 0 });
  const scrollTo = (element: HTMLElement, to: number): void => {
    element.scrollTop = to;
    top.current = { top: element.scrollTop, height: element.scrollHeight };
  };
  useLayoutEffect(() => {
    const element = scroller.current;
    if (following && element !== null) scrollTo(element, element.scrollHeight);
  });

  // What is in sight stays where it is when lines come or go before it.
  const anchor = useRef<{ readonly seq: number; readonly offset: number } | undefined>(undefined);
  useLayoutEffect(() => {
    const element = scroller.current;
    const kept = anchor.current;
    if (element === null || kept === undefined || following || view.sought.value !== undefined) return;
    const item = virtualizer.measurementsCache[view.window.rowOf(kept.seq)];
    if (item === undefined) return;
    const wanted = item.start + kept.offset;
    if (Math.abs(wanted - element.scrollTop) > 1) scrollTo(element, wanted);
  }, [version, rows, virtualizer, view, following]);
  const keepAnchor = (): void => {
    const element = scroller.current;
    if (element === null) return;
    const item = virtualizer.getVirtualItemForOffset(element.scrollTop);
    const row = item === undefined ? undefined : view.window.rows[item.index];
    anchor.current =
      row === undefined ? undefined : { seq: seqOf(row), offset: element.scrollTop - item!.start };
  };

  const sought = view.sought.value;
  const settles = useRef(0);
  useEffect(() => {
    if (sought === undefined) return;
    const index = view.window.rowOf(sought.seq);
    if (index >= view.window.rows.length && view.window.rows.length === 0) return;
    virtualizer.scrollToIndex(Math.min(index, view.window.rows.length - 1), { align: sought.align });
    settles.current = Date.now() + SETTLING;
    setTimeout(render, SETTLING + 20);
    view.sought.value = undefined;
  }, [sought, virtualizer, view]);

  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const final = items.at(-1)?.index ?? 0;
  useEffect(() => {
    view.looked(Math.floor((first + final) / 2));
    if (rows.length === 0 || view.loading.value !== "") return;
    for (const { index } of items) {
      const row = rows[index];
      if (row !== undefined && "kind" in row && row.kind === "away") void view.fill(row);
    }
    if (following || view.sought.value !== undefined || Date.now() < settles.current) return;
    if (first < 200 && view.window.hasOlder) void view.older();
    else if (final > rows.length - 100 && view.window.hasNewer) void view.newer();
  });

  // Scrolled up by hand: paused. Down to the end: following again.
  const scrolled = (): void => {
    const element = scroller.current!;
    const before = top.current;
    keepAnchor();
    top.current = { top: element.scrollTop, height: element.scrollHeight };
    const distance = element.scrollHeight - element.clientHeight - element.scrollTop;
    if (view.following.value) {
      if (distance > 60 && element.scrollTop < before.top - 1 && element.scrollHeight === before.height)
        view.pause();
    } else if (
      distance < 4 &&
      element.scrollTop > before.top &&
      !view.window.hasNewer &&
      view.sought.value === undefined &&
      Date.now() >= settles.current
    ) {
      void view.resume();
    }
  };
  usePauseGestures(scroller, view.pause);

  const now = useNow(clock.value === "ago");
  const releases = view.facts.value?.releases ?? [];
  const expanded = view.expanded.value;
  return (
    <div
      ref={scroller}
      class={`log-list ${wrap.value === "wrap" ? "log-wrap" : "log-nowrap"}`}
      role="log"
      aria-live="off"
      aria-label="Log lines"
      aria-busy={view.loading.value === "first"}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
      tabIndex={0}
      onScroll={scrolled}
    >
      <div class="log-space" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const seq = seqOf(row);
          return (
            <div
              key={item.key}
              class="log-row"
              data-index={item.index}
              ref={virtualizer.measureElement}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <RowView
                row={row}
                before={rows[item.index - 1]}
                releases={releases}
                zone={zone.value}
                now={now}
                lineHeight={lineHeight}
                open={expanded.has(seq)}
                selection={view.selection.value}
                highlighter={props.highlighter}
                filtered={props.filtered}
                alike={"kind" in row && row.kind === "fold" ? view.window.alike(row.signature) : NONE}
                actions={actions}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}
