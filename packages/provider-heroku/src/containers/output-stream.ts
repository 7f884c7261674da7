import { type Context, DeployError } from "@deploy/core";

/** How often a stream that has not begun yet is asked for: the Heroku CLI looks 30 times, a second apart. */
const startPauseMs = 1_000;

/** How often a stream that is cut without a new byte is taken up again, one after the other. */
const mostEmptyCuts = 5;

/** One output stream of Heroku's: of a build, or of a release command. */
export interface OutputStream {
  /** A secret: whoever has it may read the output. It is in no message. */
  readonly url: string;
  /** For messages: `the output of the build`. */
  readonly what: string;
  /** Asked while there is no stream yet: whether it may still begin. */
  readonly mayBegin: () => Promise<boolean>;
}

/**
 * Reads an output stream to its end, from its beginning: pieces as they come.
 *
 * It is 404 until the command starts. A stream that is cut is taken up behind the last byte (`Range`, as the Platform
 * API's schema says of both kinds of stream); the end of the stream says nothing about how the command ended.
 *
 * @throws `containers.output-unavailable` when it cannot be read any more: the command may go on nevertheless.
 */
export async function* readOutput(context: Context, stream: OutputStream): AsyncGenerator<Uint8Array> {
  let offset = 0;
  let empty = 0;
  for (;;) {
    context.signal.throwIfAborted();
    const answer = await open(context, stream, offset);
    if (answer === "not-yet") {
      if (!(await stream.mayBegin())) return;
      await context.clock.sleep(startPauseMs, context.signal);
      continue;
    }
    if (answer === "at-end") return;
    const before = offset;
    let cut: unknown;
    try {
      let skip = answer.partial ? 0 : offset;
      for await (const piece of answer.body) {
        const fresh = piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - fresh.length;
        if (fresh.length === 0) continue;
        offset += fresh.length;
        yield fresh;
      }
    } catch (error) {
      if (context.signal.aborted) throw context.signal.reason;
      cut = error ?? true;
    }
    if (offset > before) {
      // Even an end in order may be one of the connection only: it is over when nothing follows the last byte.
      empty = 0;
      continue;
    }
    if (cut === undefined) return;
    empty += 1;
    if (empty >= mostEmptyCuts) throw unavailable(stream, cut);
    await context.clock.sleep(startPauseMs, context.signal);
  }
}

async function open(
  context: Context,
  stream: OutputStream,
  offset: number,
): Promise<"not-yet" | "at-end" | { readonly partial: boolean; readonly body: AsyncIterable<Uint8Array> }> {
  let response: Response;
  try {
    const headers = { accept: "text/plain", ...(offset === 0 ? {} : { range: `bytes=${offset}-` }) };
    response = await context.fetch(stream.url, { headers, signal: context.signal });
  } catch {
    if (context.signal.aborted) throw context.signal.reason;
    // The address is in what fetch says: no cause.
    throw unavailable(stream, undefined);
  }
  if (response.status === 404) {
    await response.body?.cancel();
    return offset === 0 ? "not-yet" : "at-end";
  }
  if (response.status === 416) {
    await response.body?.cancel();
    return "at-end";
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw unavailable(stream, undefined, response.status);
  }
  if (response.body === null) return "at-end";
  return { partial: response.status === 206, body: response.body as unknown as AsyncIterable<Uint8Array> };
}

function unavailable(stream: OutputStream, cause: unknown, status?: number): DeployError {
  const reason = (cause as { cause?: { code?: unknown } } | undefined)?.cause?.code;
  const why = status ?? (typeof reason === "string" ? reason : undefined);
  return new DeployError({
    code: "containers.output-unavailable",
    message: `Heroku does not hand out ${stream.what}${why === undefined ? "" : ` (${why})`}.`,
    hint: "It goes on at Heroku all the same: look at it with `deploy releases` in a while.",
    retryable: true,
  });
}
