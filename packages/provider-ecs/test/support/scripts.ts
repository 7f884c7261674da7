import type { Fault } from "@deploy/conformance";
import type { AwsCall } from "./aws-proxy.js";

/** What the client is told instead of the emulator's answer. */
export type Truth =
  /** AWS refuses; the emulator never sees the call. `error`: the exception's name in the model, or its code. */
  | { readonly error: string; readonly message: string; readonly status?: number }
  /** A whole output, as the SDK's types have it, which is checked by the output's model; the emulator never sees the call. */
  | { readonly answer: object | ((call: AwsCall) => object) }
  /** The emulator's output, changed; the result is checked by the output's model. */
  | { readonly rewrite: (output: Record<string, unknown>, call: AwsCall) => object | Promise<object> }
  /** The text of the emulator's answer, changed: HTML where JSON should be. */
  | { readonly body: (whole: string) => string }
  /** The connection is lost, before or after the emulator has done it; an answer breaks off; nothing happens for a while. */
  | { readonly fault: Fault };

/** A truth about the calls of one operation. */
export interface Script {
  /** `ecs:CreateService`. */
  readonly on: string;
  /** Which of its calls. Default: all. */
  readonly when?: (call: AwsCall) => boolean;
  /** How many of them are let through first. Default 0. */
  readonly after?: number;
  /** To how many of them it is told. Default: to all. */
  readonly times?: number;
  readonly tell: Truth;
}

/** A script, and how many calls it has been asked about. */
export interface RunningScript {
  readonly script: Script;
  seen: number;
}

/** What is told to a call: by the first script that fits it; undefined when none does. Counts the call. */
export function chooseTruth(
  scripts: readonly RunningScript[],
  name: string,
  call: AwsCall,
): Truth | undefined {
  let told: Truth | undefined;
  for (const running of scripts) {
    const { on, when, after = 0, times = Number.POSITIVE_INFINITY, tell } = running.script;
    if (on !== name || when?.(call) === false) continue;
    // Every script counts, so that `after` is about the calls and not about what others have told.
    running.seen += 1;
    if (told === undefined && running.seen > after && running.seen <= after + times) told = tell;
  }
  return told;
}
