/*
 * What the browser's own tracing tells of a page: how long each frame took from its beginning to the screen, and how long
 * the main thread was at one task.
 */

const CATEGORIES = [
  "-*",
  // Tasks of the main thread, and which process the page is in.
  "disabled-by-default-devtools.timeline",
  // One event for each frame, with what became of it.
  "disabled-by-default-devtools.timeline.frame",
];

/**
 * Traces `page` while `work` runs.
 *
 * @param {import("playwright-core").Page} page
 * @param {() => Promise<unknown>} work
 */
export async function traceFrames(page, work) {
  const browser = page.context().browser();
  if (browser === null) throw new Error("The page belongs to no browser.");
  await browser.startTracing(page, { categories: CATEGORIES });
  let trace;
  try {
    await work();
  } finally {
    trace = await browser.stopTracing();
  }
  return framesOf(JSON.parse(trace.toString()).traceEvents);
}

/**
 * Figures of one trace, times in milliseconds: of each frame that came to the screen, from its beginning until it was there,
 * and of the longest task of the main thread, which would hold up all of them.
 *
 * @param {readonly TraceEvent[]} events
 */
export function framesOf(events) {
  const pid = rendererOf(events);
  const main = events.find(
    (event) => event.pid === pid && event.name === "thread_name" && event.args.name === "CrRendererMain",
  )?.tid;
  if (main === undefined) throw new Error("The trace names no main thread of the page.");
  const tasks = events
    .filter((event) => event.pid === pid && event.tid === main && event.name === "RunTask")
    .map((event) => (event.dur ?? 0) / 1000);
  /** @type {Map<string, { readonly from: number, readonly state: string }>} */
  const open = new Map();
  const times = [];
  for (const event of events
    .filter((one) => one.pid === pid && one.name === "PipelineReporter")
    .sort(byTime)) {
    const id = event.id2?.local ?? "";
    if (event.ph === "b") open.set(id, { from: event.ts, state: event.args.frame_reporter?.state ?? "" });
    const begun = open.get(id);
    if (event.ph !== "e" || begun === undefined) continue;
    open.delete(id);
    if (begun.state.startsWith("STATE_PRESENTED")) times.push((event.ts - begun.from) / 1000);
  }
  times.sort((one, other) => one - other);
  return {
    frames: times.length,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
    longest: times.at(-1) ?? 0,
    longTask: Math.max(0, ...tasks),
  };
}

/**
 * The process of the page that is traced.
 *
 * @param {readonly TraceEvent[]} events
 */
function rendererOf(events) {
  const started = events.find(({ name }) => name === "TracingStartedInBrowser");
  const pid = started?.args.data?.frames?.find(({ isOutermostMainFrame }) => isOutermostMainFrame)?.processId;
  if (pid === undefined) throw new Error("The trace does not say which process the page is in.");
  return pid;
}

/**
 * @param {TraceEvent} one
 * @param {TraceEvent} other
 */
function byTime(one, other) {
  return one.ts - other.ts;
}

/**
 * @typedef {object} TraceEvent
 * @property {string} name
 * @property {string} ph
 * @property {number} pid
 * @property {number} tid
 * @property {number} ts Microseconds.
 * @property {number} [dur] Microseconds.
 * @property {{ local?: string }} [id2]
 * @property {TraceArguments} args
 *
 * @typedef {object} TraceArguments
 * @property {string} [name]
 * @property {{ state?: string }} [frame_reporter]
 * @property {{ frames?: { processId: number, isOutermostMainFrame?: boolean }[] }} [data]
 */
