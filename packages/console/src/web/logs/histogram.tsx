import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type HistogramBucket, LEVELS, type Level } from "../../shared/log-types.js";
import { theme, zone } from "../preferences.js";
import { dayOf, timeOfDay } from "./times.js";

/** How many lines there were when, by level; a click goes there, a drag narrows to it. */
export function Histogram(props: {
  readonly buckets: readonly HistogramBucket[];
  onJump(time: number): void;
  onRange(since: number, until: number): void;
}): JSX.Element {
  const { buckets } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState<number>();
  const [from, setFrom] = useState<number>();
  const [width, setWidth] = useState(0);

  useEffect(() => {
    const element = canvas.current!;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const again = (): void => setWidth((before) => before + 0.001);
    scheme.addEventListener("change", again);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", again);
    };
  }, []);

  const shade = theme.value;
  // Another theme has other colours.
  useEffect(() => {
    const element = canvas.current;
    if (element !== null && width > 0) draw(element, buckets, cursor, from);
  }, [buckets, cursor, from, width, shade]);

  const bucketAt = (event: PointerEvent): number => {
    const box = canvas.current!.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * buckets.length);
    return Math.max(0, Math.min(buckets.length - 1, place));
  };
  const shown = cursor === undefined ? undefined : buckets[cursor];
  const total = buckets.reduce((sum, bucket) => sum + totalOf(bucket), 0);
  return (
    <div class="histogram">
      <canvas
        ref={canvas}
        class="histogram-canvas"
        role="slider"
        tabIndex={0}
        aria-label="Volume over time; arrows move, Enter goes there"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, buckets.length - 1)}
        aria-valuenow={cursor ?? Math.max(0, buckets.length - 1)}
        aria-valuetext={shown === undefined ? `${total.toLocaleString("en")} lines in all` : describe(shown)}
        onPointerMove={(event) => setCursor(bucketAt(event))}
        onPointerLeave={() => {
          setCursor(undefined);
          setFrom(undefined);
        }}
        onPointerDown={(event) => setFrom(bucketAt(event))}
        onPointerUp={(event) => {
          const to = bucketAt(event);
          setFrom(undefined);
          if (buckets.length === 0) return;
          if (from === undefined || from === to) props.onJump(buckets[to]!.start);
          else
            props.onRange(
              Math.floor(buckets[Math.min(from, to)]!.start),
              Math.ceil(buckets[Math.max(from, to)]!.end),
            );
        }}
        onKeyDown={(event) => {
          const now = cursor ?? buckets.length - 1;
          if (event.key === "ArrowLeft") setCursor(Math.max(0, now - 1));
          else if (event.key === "ArrowRight") setCursor(Math.min(buckets.length - 1, now + 1));
          else if (event.key === "Enter" && buckets[now] !== undefined) props.onJump(buckets[now].start);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
        onBlur={() => setCursor(undefined)}
      />
      <div class="histogram-said" aria-hidden="true">
        {shown === undefined ? (
          <>
            <span>{label(buckets[0]?.start)}</span>
            <span>{`${total.toLocaleString("en")} lines`}</span>
            <span>{label(buckets.at(-1)?.end)}</span>
          </>
        ) : (
          <span>{describe(shown)}</span>
        )}
      </div>
    </div>
  );
}

function label(time: number | undefined): string {
  return time === undefined ? "" : `${dayOf(time, zone.value)} ${timeOfDay(time, zone.value).slice(0, 5)}`;
}

function describe(bucket: HistogramBucket): string {
  const parts = LEVELS.filter((level) => (bucket.counts[level] ?? 0) > 0).map(
    (level) => `${bucket.counts[level]!.toLocaleString("en")} ${level === "none" ? "without level" : level}`,
  );
  const until = timeOfDay(bucket.end, zone.value).slice(0, 8);
  return `${label(bucket.start)}:${timeOfDay(bucket.start, zone.value).slice(6, 8)} to ${until}: ${parts.length === 0 ? "nothing" : parts.join(", ")}`;
}

function totalOf(bucket: HistogramBucket): number {
  let sum = 0;
  for (const count of Object.values(bucket.counts)) sum += count;
  return sum;
}

function draw(
  element: HTMLCanvasElement,
  buckets: readonly HistogramBucket[],
  cursor: number | undefined,
  from: number | undefined,
): void {
  const ratio = window.devicePixelRatio || 1;
  const width = element.clientWidth;
  const height = element.clientHeight;
  element.width = Math.round(width * ratio);
  element.height = Math.round(height * ratio);
  const pen = element.getContext("2d");
  if (pen === null) return;
  pen.scale(ratio, ratio);
  pen.clearRect(0, 0, width, height);
  // A canvas knows no custom property, and no light-dark(): each colour is asked of an element that has it.
  const probe = document.createElement("i");
  element.parentElement!.append(probe);
  const colourOf = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(LEVELS.map((level) => [level, colourOf(`--bar-${level}`)])) as Record<
    Level,
    string
  >;
  const hover = colourOf("--hover");
  const accent = colourOf("--accent-ground");
  probe.remove();
  const most = Math.max(1, ...buckets.map(totalOf));
  const step = width / Math.max(1, buckets.length);
  const order = [...LEVELS].reverse();
  for (const [index, bucket] of buckets.entries()) {
    const x = index * step;
    if (
      from !== undefined &&
      cursor !== undefined &&
      index >= Math.min(from, cursor) &&
      index <= Math.max(from, cursor)
    ) {
      pen.fillStyle = accent;
      pen.fillRect(x, 0, step, height);
    } else if (index === cursor) {
      pen.fillStyle = hover;
      pen.fillRect(x, 0, step, height);
    }
    const total = totalOf(bucket);
    if (total === 0) continue;
    // The root keeps the few errors of a quiet hour visible beside a busy one.
    const full = Math.max(3, Math.sqrt(total / most) * (height - 4));
    let y = height;
    for (const level of order) {
      const count = bucket.counts[level] ?? 0;
      if (count === 0) continue;
      const part = Math.max(level === "error" || level === "fatal" ? 2 : 0, (count / total) * full);
      pen.fillStyle = colours[level];
      pen.fillRect(x + 0.5, y - part, Math.max(1, step - 1), part);
      y -= part;
    }
  }
}
