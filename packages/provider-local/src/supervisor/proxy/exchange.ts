import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type Dispatcher, errors } from "undici";
import { wasReused } from "./connect.js";
import { codeOf, cutError, failurePage, stalledPage, unavailablePage, uploadStalled } from "./failures.js";
import { responseHeaders } from "./headers.js";
import { type ErrorPage, sendErrorPage } from "./pages.js";
import { createRequestBody, type RequestBody } from "./request-body.js";
import { countAnswer, type Service } from "./services.js";
import { openTunnel, type TunnelRequest } from "./tunnel.js";
import type { ProxyEvent, ProxyLimits } from "./types.js";
import {
  freshConnection,
  type InFlight,
  pickUpstream,
  release,
  suspect,
  type Upstream,
} from "./upstreams.js";

/** What all exchanges of one proxy share. */
export interface ExchangeContext {
  readonly limits: ProxyLimits;
  readonly emit: (event: ProxyEvent) => void;
  /** Those which are receiving a request body, watched for clients that stop sending. */
  readonly uploads: Set<Exchange>;
}

/** Everything known about a request once it is routed. */
export interface ExchangeRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly service: Service;
  readonly path: string;
  readonly headers: string[];
  readonly requestId: string;
  readonly hasBody: boolean;
  /** The client waits for `100 Continue`. */
  readonly expectsContinue: boolean;
  readonly tunnel: TunnelRequest | undefined;
}

interface TrackedResponse extends ServerResponse {
  exchange?: Exchange;
}

function onResponseClose(this: TrackedResponse): void {
  this.exchange?.clientClosed();
}

/**
 * One request with its answer: a handler of undici's dispatch.
 *
 * A class, because it lives once per request on the hot path and undici calls it back by method names. It uses the
 * raw handler interface of undici 7, which spares an object of headers per response.
 */
export class Exchange implements Dispatcher.DispatchHandler, InFlight {
  readonly #context: ExchangeContext;
  readonly #in: ExchangeRequest;
  #upstream: Upstream | undefined;
  #tried: Upstream[] | undefined;
  #fresh: Dispatcher | undefined;
  #body: RequestBody | undefined;
  #abort: ((error?: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #closeTunnel: (() => void) | undefined;
  /** Bytes of the response still to come; negative when the upstream did not say. */
  #remaining = -1;
  #clientGone = false;
  /** The request was written, at least in part, in the current attempt. */
  #sent = false;
  #answered = false;
  #headWritten = false;
  #replayed = false;

  constructor(context: ExchangeContext, request: ExchangeRequest) {
    this.#context = context;
    this.#in = request;
  }

  /** Sends the request to an upstream of its service, or answers that there is none. */
  start(): void {
    const { service, response } = this.#in;
    service.total += 1;
    const upstream = pickUpstream(service.upstreams, service.next++, undefined);
    if (upstream === undefined) {
      this.#answer(unavailablePage(service));
      return;
    }
    (response as TrackedResponse).exchange = this;
    response.on("close", onResponseClose);
    service.inFlight += 1;
    this.#attempt(upstream, false);
  }

  #attempt(upstream: Upstream, fresh: boolean): void {
    const { request, path, headers, hasBody, tunnel, expectsContinue, response } = this.#in;
    this.#upstream = upstream;
    this.#sent = false;
    this.#abort = undefined;
    upstream.inFlight.add(this);
    if (hasBody) {
      this.#body = createRequestBody(request, () => {
        if (expectsContinue) response.writeContinue();
      });
      this.#context.uploads.add(this);
    }
    if (fresh) this.#fresh = freshConnection(upstream, this.#context.limits);
    (this.#fresh ?? upstream.pool).dispatch(
      {
        path,
        method: request.method as Dispatcher.HttpMethod,
        headers,
        body: this.#body ?? null,
        upgrade: tunnel === undefined ? null : "websocket",
      },
      this,
    );
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    this.#sent = true;
    if (this.#clientGone) abort();
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, statusText: string): boolean {
    // The proxy answers `Expect` itself; 102 and 103 are optional for everybody.
    if (status < 200) return true;
    const { response, service } = this.#in;
    const { headers, contentLength } = responseHeaders(raw);
    response.writeHead(status, statusText, headers);
    this.#answered = true;
    this.#resume = resume;
    this.#remaining = contentLength;
    countAnswer(service, status);
    // A body that is already there goes out together with the header; if there is none yet, the header must not wait.
    process.nextTick(flushHead, this);
    return true;
  }

  onData(chunk: Buffer): boolean {
    const { response } = this.#in;
    this.#headWritten = true;
    if (this.#remaining === chunk.length) {
      this.#remaining = 0;
      response.end(chunk);
      return true;
    }
    this.#remaining -= chunk.length;
    if (response.write(chunk)) return true;
    response.once("drain", () => this.#resume?.());
    return false;
  }

  onComplete(trailers: readonly (Buffer | string)[] | null): void {
    const { response } = this.#in;
    this.#release();
    if (response.writableEnded) return;
    this.#headWritten = true;
    if (trailers !== null && trailers.length > 0 && response.chunkedEncoding) {
      response.addTrailers(pairs(trailers));
    }
    response.end();
  }

  onUpgrade(status: number, raw: Buffer[] | string[] | null, upstreamSocket: Duplex): void {
    const { tunnel, response, service } = this.#in;
    if (tunnel === undefined || status !== 101) {
      upstreamSocket.destroy();
      this.onError(new errors.SocketError("The upstream changed the protocol without being asked."));
      return;
    }
    this.#answered = true;
    countAnswer(service, status);
    response.detachSocket(tunnel.socket);
    this.#closeTunnel = openTunnel(tunnel, upstreamSocket, (raw ?? []) as Buffer[], () => this.#release());
  }

  onError(error: Error): void {
    const { service, requestId } = this.#in;
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const next = this.#nextAttempt(error, upstream);
    this.#body?.destroy();
    this.#release(next !== undefined);
    if (this.#clientGone || error === uploadStalled) return;
    if (error !== cutError) {
      this.#context.emit({
        type: "upstream-failed",
        service: service.id,
        upstream: upstream.id,
        code: codeOf(error),
        message: error.message,
        retried: next !== undefined,
        requestId,
      });
    }
    if (next !== undefined) this.#attempt(next, this.#sent);
    else if (this.#answered) this.#breakOff();
    else this.#answer(failurePage(error, service));
  }

  /** The upstream to try now, if trying again cannot do anything twice. */
  #nextAttempt(error: Error, failed: Upstream): Upstream | undefined {
    if (this.#clientGone || this.#answered || error === cutError) return undefined;
    if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError)
      return undefined;
    const { service, request, hasBody } = this.#in;
    if (this.#sent) {
      const repeatable = !hasBody && (request.method === "GET" || request.method === "HEAD");
      if (!repeatable || this.#replayed || !wasReused(error)) return undefined;
      this.#replayed = true;
      return (
        pickUpstream(service.upstreams, service.next++, [failed]) ?? (failed.inService ? failed : undefined)
      );
    }
    suspect(failed);
    this.#tried ??= [];
    this.#tried.push(failed);
    return pickUpstream(service.upstreams, service.next++, this.#tried);
  }

  #answer(page: ErrorPage): void {
    const { request, response, service, requestId, expectsContinue } = this.#in;
    countAnswer(service, page.status);
    this.#answered = true;
    // Without `100 Continue` nobody knows whether the client will send the body: the connection is of no more use.
    if (expectsContinue) response.shouldKeepAlive = false;
    sendErrorPage(request, response, page, requestId);
  }

  #release(again = false): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    this.#upstream = undefined;
    if (this.#body !== undefined) {
      this.#context.uploads.delete(this);
      this.#body = undefined;
    }
    if (this.#fresh !== undefined) {
      void this.#fresh.close();
      this.#fresh = undefined;
    }
    if (!again) this.#in.service.inFlight -= 1;
    release(upstream, this);
  }

  /** Called when the client's connection is closed or the response is out. */
  clientClosed(): void {
    if (this.#upstream === undefined || this.#closeTunnel !== undefined) return;
    if (this.#in.response.writableFinished) return;
    this.#clientGone = true;
    this.#stop(new errors.RequestAbortedError());
  }

  cut(): void {
    if (this.#closeTunnel !== undefined) this.#closeTunnel();
    else this.#stop(cutError);
  }

  #stop(error: Error): void {
    if (this.#abort !== undefined) {
      this.#abort(error);
      return;
    }
    // Still waiting for a connection, where undici cannot abort: onConnect will.
    this.onError(error);
    this.#clientGone = true;
  }

  /** Ends a response whose rest will never come, so that the client cannot take it for a whole one. */
  #breakOff(): void {
    const { response } = this.#in;
    // Where the end of the connection is the end of the body, only a reset tells the difference.
    const endsWithConnection = !response.chunkedEncoding && this.#remaining < 0;
    if (endsWithConnection && response.socket !== null) response.socket.resetAndDestroy();
    else response.destroy();
  }

  /** Sends the response header on its own when no body has followed it yet. */
  flushHead(): void {
    if (this.#headWritten) return;
    this.#headWritten = true;
    this.#in.response.flushHeaders();
  }

  /** Ends the request when its client has been owing bytes of the body for too long. */
  checkUpload(now: number): void {
    if (this.#body === undefined || this.#body.waitingMs(now) < this.#context.limits.requestBodyIdleMs)
      return;
    const { response } = this.#in;
    this.#stop(uploadStalled);
    response.shouldKeepAlive = false;
    if (this.#answered) this.#breakOff();
    else this.#answer(stalledPage);
  }
}

function flushHead(exchange: Exchange): void {
  exchange.flushHead();
}

function pairs(raw: readonly (Buffer | string)[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    result.push([String(raw[index]), String(raw[index + 1])]);
  }
  return result;
}
