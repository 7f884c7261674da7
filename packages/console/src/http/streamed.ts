import { Readable } from "node:stream";
import { constants, createGzip } from "node:zlib";

/** An answer that comes over time. */
export interface StreamedOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Default false. */
  readonly gzip?: boolean;
}

/**
 * Sends texts as they come, and takes the next one only once the client has taken the last: a client that reads slowly
 * slows the source down, and one that leaves ends it.
 */
export function streamed(texts: AsyncIterable<string>, { headers, signal, gzip }: StreamedOptions): Response {
  const source = gzip === true ? gzipped(texts) : encoded(texts);
  const iterator = source[Symbol.asyncIterator]();
  const stop = async (): Promise<void> => {
    await iterator.return?.(undefined);
  };
  signal.addEventListener("abort", () => void stop().catch(() => undefined), { once: true });
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await iterator.next();
        if (signal.aborted) throw signal.reason;
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers });
}

async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const text of texts) if (text !== "") yield encoder.encode(text);
}

async function* gzipped(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(encoded(texts), { objectMode: false, highWaterMark: 64 * 1024 });
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  source.on("error", (error) => gzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gzip)) yield chunk as Uint8Array;
  } finally {
    source.destroy();
    gzip.destroy();
  }
}
