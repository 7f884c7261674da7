import type { DeployEvent } from "@deploy/core";
import type { RunEvent } from "./types.js";

/** Longer texts are cut, in characters. */
const longestText = 16_384;
const actions = ["create", "update", "adopt", "wait", "delete", "read"] as const;

/** An event as somebody sent it, its known members only; undefined: it is none. */
export function parseRunEvent(value: unknown): RunEvent | undefined {
  if (!isRecord(value) || !isRecord(value.event)) return undefined;
  const { number } = value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 1) return undefined;
  const event = parseEvent(value.event);
  return event === undefined ? undefined : { number, event };
}

function parseEvent(value: Readonly<Record<string, unknown>>): DeployEvent | undefined {
  const time = textOf(value.time);
  const message = textOf(value.message);
  if (time === undefined || message === undefined || Number.isNaN(Date.parse(time))) return undefined;
  const base = { time: new Date(time).toISOString(), message };
  const { type } = value;
  if (type === "note") return { type, ...base };
  if (type === "planned") {
    return { type, ...base, changes: numberOf(value.changes), unchanged: numberOf(value.unchanged) };
  }
  if (type === "finished") return { type, ...base, seconds: numberOf(value.seconds) };
  const id = textOf(value.id);
  const label = textOf(value.label);
  if (id === undefined || label === undefined) return undefined;
  const step = { ...base, id, label };
  const action = actions.find((one) => one === value.action);
  switch (type) {
    case "started":
      return action === undefined ? undefined : { type, ...step, action };
    case "done":
      return action === undefined ? undefined : { type, ...step, action, seconds: numberOf(value.seconds) };
    case "progress":
      return { type, ...step };
    case "waiting":
      return { type, ...step, seconds: numberOf(value.seconds) };
    case "output":
      return {
        type,
        ...step,
        stream: value.stream === "stderr" ? "stderr" : "stdout",
        text: textOf(value.text) ?? message,
      };
    case "retry":
      return { type, ...step, attempt: numberOf(value.attempt), delayMs: numberOf(value.delayMs) };
    case "skipped":
      return { type, ...step, reason: textOf(value.reason) ?? "" };
    case "failed":
      return { type, ...step, error: errorOf(value.error) };
    default:
      return undefined;
  }
}

function errorOf(value: unknown): Extract<DeployEvent, { type: "failed" }>["error"] {
  const error = isRecord(value) ? value : {};
  const hint = textOf(error.hint);
  const docs = textOf(error.docs);
  return {
    code: textOf(error.code) ?? "internal.unexpected",
    message: textOf(error.message) ?? "",
    retryable: error.retryable === true,
    ...(hint === undefined ? {} : { hint }),
    ...(docs === undefined || !/^https?:\/\//.test(docs) ? {} : { docs }),
  };
}

/** The same event, every text of it passed through `clean`; `part` tells the texts of an event apart. */
export function cleanEvent(event: DeployEvent, clean: (part: string, text: string) => string): DeployEvent {
  const message = clean("message", event.message);
  if ("label" in event) {
    const label = clean("label", event.label);
    const id = clean("id", event.id);
    if (event.type === "output") return { ...event, message, id, label, text: clean("text", event.text) };
    if (event.type === "skipped")
      return { ...event, message, id, label, reason: clean("reason", event.reason) };
    if (event.type === "failed") {
      const { hint } = event.error;
      const error = {
        ...event.error,
        message: clean("error", event.error.message),
        ...(hint === undefined ? {} : { hint: clean("hint", hint) }),
      };
      return { ...event, message, id, label, error };
    }
    return { ...event, message, id, label };
  }
  return { ...event, message };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, longestText) : undefined;
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
