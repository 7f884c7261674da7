import type { Level, LogEntry } from "./log-types.js";

/** How far into a line is looked, in characters behind ANSI sequences: a level stands at the front. */
const LOOK = 300;
/** Words of a line that may stand before its level: date, time, process id, thread, logger. */
const MAX_WORDS = 9;

const NAMES: ReadonlyMap<string, Level> = new Map(
  Object.entries({
    fatal: "fatal critical crit crt emerg emergency alert panic dpanic ftl",
    error: "error err eror severe fail failed failure erro",
    warn: "warn warning wrn wrng",
    info: "info information informational inf notice note log config success",
    debug: "debug dbug dbg debg fine",
    trace: "trace trce trc verbose verb vrb finer finest silly",
  }).flatMap(([level, words]) => words.split(" ").map((word) => [word, level as Level] as const)),
);

/** Words that are levels only where a program labels its lines with them, and prose everywhere else. */
const PROSE = new Set([
  "fail",
  "failed",
  "failure",
  "note",
  "log",
  "config",
  "success",
  "fine",
  "alert",
  "inf",
]);

const RULES: readonly ((head: string) => Level | undefined)[] = [
  ofJson,
  ofSyslog,
  ofKlog,
  ofRails,
  ofFailure,
  ofWords,
  ofLogfmt,
  ofAccessLog,
  ofRedis,
];

/**
 * How grave a line says it is; `none` where it does not say.
 *
 * Knows what Python, Django, gunicorn, uvicorn, Celery, nginx, Java, .NET, Go, Rust, Node, Ruby, PostgreSQL, Redis,
 * klog, syslog, JSON and logfmt write. Looks at the first 300 characters only, and takes linear time. A line on stderr
 * is no error by that: most loggers write everything there.
 */
export function detectLevel(text: string, stream: LogEntry["stream"]): Level {
  const head = withoutEscapes(text.length > LOOK * 2 ? text.slice(0, LOOK * 2) : text)
    .slice(0, LOOK)
    .trim();
  if (head === "") return "none";
  for (const rule of RULES) {
    const level = rule(head);
    if (level !== undefined) return level;
  }
  return stream === "system" ? "info" : "none";
}

const ESCAPE = "\u001b";
const SEQUENCE = new RegExp(`${ESCAPE}(?:\\[[0-9;:?]{0,64}[ -/]?[@-~]|.)`, "g");

function withoutEscapes(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replace(SEQUENCE, "");
}

function named(word: string | undefined): Level | undefined {
  return word === undefined ? undefined : NAMES.get(word.toLowerCase());
}

/** Pino and bunyan count 10 to 60; GELF and journald 0 to 7, as syslog does. */
function numbered(value: number): Level | undefined {
  if (value <= 7) return ofSeverity(value);
  if (value < 10 || value > 69) return undefined;
  return (["trace", "debug", "info", "warn", "error", "fatal"] as const)[Math.floor(value / 10) - 1];
}

/** RFC 5424, section 6.2.1. */
function ofSeverity(severity: number): Level | undefined {
  return (["fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug"] as const)[severity];
}

function ofJson(head: string): Level | undefined {
  if (!head.startsWith("{")) return undefined;
  const field =
    /"(?:@l|level|lvl|severity|severity_?text|log_?level|log\.level|level_?name)"\s{0,4}:\s{0,4}(?:"([^"]{1,20})"|(\d{1,3})\b)/i.exec(
      head,
    );
  if (field === null) return "none";
  const [, word, number] = field;
  if (number !== undefined) return numbered(Number(number)) ?? "none";
  return named(word) ?? (/^\d{1,3}$/.test(word ?? "") ? numbered(Number(word)) : undefined) ?? "none";
}

function ofSyslog(head: string): Level | undefined {
  const priority = /^<(\d{1,3})>/.exec(head)?.[1];
  return priority === undefined || Number(priority) > 191 ? undefined : ofSeverity(Number(priority) & 7);
}

function ofKlog(head: string): Level | undefined {
  const letter = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ /.exec(head)?.[1];
  return letter === undefined
    ? undefined
    : ({ I: "info", W: "warn", E: "error", F: "fatal" } as const)[letter as "I"];
}

function ofRails(head: string): Level | undefined {
  const letter = /^([DIWEFA]), \[\d{4}-\d\d-\d\dT/.exec(head)?.[1];
  if (letter === undefined) return undefined;
  return ({ D: "debug", I: "info", W: "warn", E: "error", F: "fatal", A: "none" } as const)[letter as "D"];
}

/** What a runtime writes when something broke, without any logger. */
function ofFailure(head: string): Level | undefined {
  if (
    /^(?:panic: |fatal error: |fatal: |thread '[^']*' (?:\(\d+\) )?panicked at|PHP Fatal error)/i.test(head)
  )
    return "fatal";
  if (/^\s*(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):/.test(head)) return "error";
  if (
    /^(?:Uncaught|Unhandled|Exception in thread|Caused by: |npm ERR! |npm error |PHP Parse error)/.test(head)
  )
    return "error";
  if (/^(?:PHP (?:Warning|Deprecated|Notice)|npm WARN )/i.test(head)) return "warn";
  if (/^\(node:\d+\) /.test(head)) return "warn";
  if (/^\S{1,200}:\d+: (?:\w{0,60}\.)?\w{0,60}Warning: /.test(head)) return "warn";
  if (/^error\[E\d{4}\]: /.test(head)) return "error";
  if (/^(?:[A-Za-z_][\w$]*\.){0,12}[A-Z][\w$]*(?:Error|Exception)(?: \[\w+\])?(?::|$)/.test(head))
    return "error";
  return undefined;
}

/**
 * A level among the first words, where everything before it can be the prefix of a logger: `2026-11-22 10:00:00,123 app
 * ERROR …`, `[2026-11-22 10:00:00 +0000] [7] [INFO] …`, `ERROR: …`. A word of prose before it ends the look.
 */
function ofWords(head: string): Level | undefined {
  const words = head.split(/[\s|]+/, MAX_WORDS);
  let dated = false;
  let plain = 0;
  for (const [index, word] of words.entries()) {
    const level = ofWord(word, index === 0 || (dated && plain === 0));
    if (level !== undefined) return level;
    if (/^["'{]/.test(word)) return undefined;
    if (/\d[:/.-]\d/.test(word)) dated = true;
    else if (/^[A-Za-z][\w.$/-]*[,;]?$/.test(word)) plain++;
    if (plain > (dated ? 2 : 0)) return undefined;
  }
  return undefined;
}

/** A word that is a level: in capitals, in brackets, or with a colon behind it; in small letters only where `leading`. */
function ofWord(word: string, leading: boolean): Level | undefined {
  const found = /^([[(<*]*)([A-Za-z]{3,13})([^A-Za-z].{0,200})?$/.exec(word);
  if (found === null) return undefined;
  const [, open = "", name = "", close = ""] = found;
  const level = named(name);
  if (level === undefined || (close !== "" && !/^[\])>:,*\-/!]/.test(close))) return undefined;
  // `error-page.html`, `ERROR/` of a path: only Celery's `WARNING/MainProcess` has more behind a slash.
  if (/^[-/]./.test(close) && !/^\/[A-Z]\w*-?\d*\]/.test(close)) return undefined;
  const labelled = open !== "" || close.startsWith(":") || close.startsWith("]");
  const capitals = name === name.toUpperCase();
  if (PROSE.has(name.toLowerCase()))
    return labelled && (leading || open !== "" || capitals) ? level : undefined;
  if (capitals) return level;
  return labelled || (leading && close === "" && name === name.toLowerCase() && !leadingProse(name))
    ? level
    : undefined;
}

/** `error reading file` and `warning about …` are prose; zap's `info` behind a time stands between tabs, and is a level. */
function leadingProse(name: string): boolean {
  return !/^(?:info|debug|trace|warn|error|fatal)$/.test(name);
}

function ofLogfmt(head: string): Level | undefined {
  const found = /(?:^|\s)(?:level|lvl|severity|log_?level|at)="?([A-Za-z]{3,13}|\d{1,2})(?=["\s]|$)/i.exec(
    head,
  )?.[1];
  if (found === undefined) return undefined;
  return named(found) ?? (/^\d+$/.test(found) ? numbered(Number(found)) : undefined);
}

/** Common and combined format, Django's server, werkzeug: the status tells. */
function ofAccessLog(head: string): Level | undefined {
  const status = /"(?:[A-Z]{3,10} [^"]* )?HTTP\/[\d.]{1,3}" (\d{3})\b/.exec(head)?.[1];
  if (status === undefined) return undefined;
  return status >= "500" ? "error" : status >= "400" ? "warn" : "info";
}

function ofRedis(head: string): Level | undefined {
  const mark = /^\d+:[XCSM] \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} ([.\-*#]) /.exec(head)?.[1];
  return mark === undefined
    ? undefined
    : ({ ".": "debug", "-": "debug", "*": "info", "#": "warn" } as const)[mark as "."];
}
