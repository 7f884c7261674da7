/** How much anybody may ask of the server at once, and how long they may take over it; tests make some of it small. */
export interface ServerLimits {
  /** Until the head of a request is there, milliseconds. */
  readonly headersTimeout: number;
  /** Until all of a request is there, milliseconds. */
  readonly requestTimeout: number;
  /** Between two requests of one connection, milliseconds. */
  readonly keepAliveTimeout: number;
  /** How often the two first are looked at, milliseconds. */
  readonly connectionsCheckingInterval: number;
  /** Of a request's head, its address included, bytes. */
  readonly maxHeaderSize: number;
  /** A connection on which nothing moves for this long, while it is answered, is closed, milliseconds. */
  readonly stalledTimeout: number;
  /** A socket whose client answers no ping for this long is closed, milliseconds. */
  readonly pingEvery: number;
  /** Sockets of one person, over all of their sessions and tokens. */
  readonly socketsOfOne: number;
  /** Sockets in all. */
  readonly socketsInAll: number;
}

/** The limits of a console. A browser opens at most 255 sockets to one host. */
export const SERVER_LIMITS: ServerLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
  stalledTimeout: 300_000,
  pingEvery: 30_000,
  socketsOfOne: 256,
  socketsInAll: 2_000,
};
