import { setTimeout as sleep } from "node:timers/promises";
import { refusal } from "../access/errors.js";
import type { Fetch } from "./types.js";

/** For one answer of a provider, milliseconds. */
export const providerTimeout = 10_000;

/** Bytes of an answer; more is no answer. */
const mostBytes = 1_000_000;

/** An answer of a provider. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

/**
 * Asks a provider, with a time limit; a GET that failed on the way is asked once more.
 *
 * Throws `sign-in.unreachable` where there is no answer, or one of 5xx; `sign-in.refused` for any other that is not 2xx.
 */
export async function ask(fetch: Fetch, name: string, url: string, init: RequestInit): Promise<Answer> {
  const once = (): Promise<Answer> => askOnce(fetch, name, url, init);
  if (init.method !== undefined && init.method !== "GET") return once();
  try {
    return await once();
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    await sleep(100 + Math.random() * 200);
    return once();
  }
}

async function askOnce(fetch: Fetch, name: string, url: string, init: RequestInit): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(providerTimeout) });
    text = await readText(response);
  } catch (cause) {
    throw unreachable(name, cause);
  }
  if (response.status >= 500) throw unreachable(name);
  if (!response.ok) throw refused(name);
  try {
    return { status: response.status, headers: response.headers, json: JSON.parse(text) };
  } catch {
    throw refused(name);
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > mostBytes) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function isUnreachable(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === "sign-in.unreachable";
}

/** A provider that does not answer. The cause stays here: nothing that went to a provider is told to a browser. */
export function unreachable(name: string, cause?: unknown): Error {
  return refusal({
    code: "sign-in.unreachable",
    message: `${name} cannot be reached at the moment.`,
    hint: "Sign in another way, or try again in a minute.",
    status: 502,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A provider that does not confirm who somebody is. */
export function refused(name: string, cause?: unknown): Error {
  return refusal({
    code: "sign-in.refused",
    message: `${name} did not confirm who you are.`,
    hint: "Start the sign-in again.",
    status: 403,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A provider that knows somebody, but has not made sure of their address. */
export function unverified(name: string): Error {
  return refusal({
    code: "sign-in.unverified-email",
    message: `${name} has no verified e-mail address for you.`,
    hint: "Verify your address there, and start the sign-in again.",
    status: 403,
  });
}
