import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "./call.js";
import type { Reach } from "./endpoint.js";
import type { Answer, Fault } from "./fault.js";
import type { PeekedBody } from "./request-body.js";
import { passedHeaders, passOn, readAnswer } from "./upstream.js";

/** One call on its way from the client to the vendor and back. */
export interface Exchange {
  readonly call: Call;
  readonly request: IncomingMessage;
  readonly body: PeekedBody;
  readonly response: ServerResponse;
  readonly reach: Reach;
  readonly fault: Fault | undefined;
  /** Told as soon as the vendor's status is known, and again at the answer's end. */
  readonly onAnswer: (status: number, isWhole: boolean) => void;
}

/** Carries one call, and does to it what its fault says. Never rejects: what fails ends as a lost connection. */
export async function carry(exchange: Exchange): Promise<void> {
  const { fault, response } = exchange;
  try {
    if (fault === undefined) await pass(exchange);
    else await disturb(exchange, fault);
  } catch {
    // No answer of our own: the client would take it for one of the vendor's.
    reset(response);
  }
}

async function disturb(exchange: Exchange, fault: Fault): Promise<void> {
  const { call, response } = exchange;
  switch (fault.kind) {
    case "kill":
      if (fault.when === "during") {
        // The answer is still read to its end, so that the vendor is not disturbed by our not wanting it.
        const upstream = passOn(exchange.reach, exchange.request, exchange.body);
        await upstream.passedOn;
        void whole(exchange, upstream).catch(() => {});
      } else if (fault.when === "after") await whole(exchange);
      await fault.kill();
      return afterDeath(response);
    case "reset":
      if (fault.when === "after") await whole(exchange);
      return reset(response);
    case "throttle": {
      const retryAfter = String(fault.retryAfter ?? 1);
      return answer(exchange, refusal(429, "throttled by the fault proxy", { "retry-after": retryAfter }));
    }
    case "status":
      if (fault.when === "after") await whole(exchange);
      return answer(exchange, refusal(fault.status, "an error of the fault proxy"));
    case "truncate":
      return truncate(response, await whole(exchange), fault.bytes);
    case "delay":
      await sleep(fault.ms);
      return pass(exchange);
    case "meanwhile":
      await fault.act();
      return pass(exchange);
    case "answer":
      return answer(exchange, fault.answer);
    case "rewrite":
      return answer(exchange, await fault.rewrite(await whole(exchange), call));
  }
}

/** Carries it as it is, in both directions as it comes. */
async function pass(exchange: Exchange): Promise<void> {
  const { request, response, reach, body, onAnswer } = exchange;
  const { sent, answered } = passOn(reach, request, body);
  // A client that leaves takes its call along, as it would without us.
  response.once("close", () => {
    if (!response.writableFinished) sent.destroy();
  });
  const message = await answered;
  const status = message.statusCode ?? 502;
  onAnswer(status, false);
  response.sendDate = false;
  response.writeHead(status, message.statusMessage ?? "", passedHeaders(message.rawHeaders));
  response.flushHeaders();
  await new Promise<void>((resolve, reject) => {
    message.once("error", reject);
    message.once("end", () => onAnswer(status, true));
    response.once("close", resolve);
    message.pipe(response);
  });
}

async function whole(
  { request, reach, body, onAnswer }: Exchange,
  upstream: ReturnType<typeof passOn> = passOn(reach, request, body),
): Promise<Answer> {
  const message = await upstream.answered;
  onAnswer(message.statusCode ?? 502, false);
  const complete = await readAnswer(message);
  onAnswer(complete.status, true);
  return complete;
}

function answer({ request, response }: Exchange, { status, headers, body }: Answer): void {
  const bodiless = request.method === "HEAD" || status === 204 || status === 304;
  const { "content-length": _length, ...others } = headers as Record<string, string | string[]>;
  response.sendDate = false;
  response.writeHead(status, bodiless ? others : { ...others, "content-length": String(body.length) });
  response.end(bodiless ? undefined : body);
}

function refusal(status: number, message: string, headers: Answer["headers"] = {}): Answer {
  const body = Buffer.from(`${JSON.stringify({ message })}\n`);
  return { status, headers: { "content-type": "application/json", ...headers }, body };
}

/** Promises the whole, keeps a part of it, and hangs up. */
function truncate(response: ServerResponse, whole: Answer, bytes: number | undefined): void {
  const part = whole.body.subarray(0, bytes ?? Math.floor(whole.body.length / 2));
  response.sendDate = false;
  response.writeHead(whole.status, whole.headers as Record<string, string | string[]>);
  response.flushHeaders();
  const hangUp = (): void => void response.socket?.destroySoon();
  if (part.length === 0) hangUp();
  else response.write(part, hangUp);
}

/** A process that is being killed must not live to see its connection end; one that will not die must not wait for ever. */
async function afterDeath(response: ServerResponse): Promise<void> {
  const patience = new AbortController();
  const closed = new Promise<void>((resolve) => response.once("close", resolve));
  await Promise.race([closed, sleep(1000, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
  reset(response);
}

function reset(response: ServerResponse): void {
  const { socket } = response;
  // Unix sockets know no reset; there the connection just ends.
  if (socket === null || socket.destroyed) return;
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
