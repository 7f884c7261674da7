import { refusal } from "./errors.js";

/** The work of argon2id; a test counts it. */
export interface Argon {
  hash(password: string): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
}

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Argon2id in native code, loaded when the first password is looked at. */
export const nativeArgon: Argon = {
  hash: async (password) => (await import("@node-rs/argon2")).hash(password, parameters),
  verify: async (hash, password) => {
    const { verify } = await import("@node-rs/argon2");
    // What is stored may be damaged: then nothing matches it.
    return verify(hash, password).catch(() => false);
  },
};

/** So many passwords are worked on at a time: 38 MiB of memory. */
const atATime = 2;

/** So many wait; each takes some 40 ms of a core. */
const mostWaiting = 32;

/** So many of one network wait, so that nobody alone fills the queue. */
const mostWaitingOfOne = 4;

/** Where the work comes from, for whose turn it is. */
export interface Turn {
  readonly network: string;
  /** They have signed in from there before: they go first. */
  readonly known: boolean;
}

/** Passwords, with bounded work: a flood of them takes neither memory nor the machine. */
export interface Passwords {
  /** Throws `sign-in.busy`. */
  hash(password: string, turn: Turn): Promise<string>;
  /**
   * Whether the password is right. Without a hash (nobody of that name, or no password) the same work is done on one
   * that nothing matches, so that the time tells nobody who is known here. Throws `sign-in.busy`.
   */
  verify(hash: string | undefined, password: string, turn: Turn): Promise<boolean>;
}

interface Waiting extends Turn {
  start(): void;
}

/** Passwords by argon2id; `decoy` is a hash that no password matches. */
export function createPasswords(argon: Argon, decoy: string): Passwords {
  let running = 0;
  const waiting: Waiting[] = [];

  const next = (): void => {
    if (running >= atATime || waiting.length === 0) return;
    const known = waiting.findIndex((one) => one.known);
    const [one] = waiting.splice(Math.max(known, 0), 1);
    running += 1;
    one?.start();
  };

  const inTurn = async <Result>(turn: Turn, work: () => Promise<Result>): Promise<Result> => {
    const ofOne = waiting.filter(({ network }) => network === turn.network).length;
    const strangers = waiting.filter((one) => !one.known).length;
    if (
      ofOne >= mostWaitingOfOne ||
      (turn.known ? waiting.length >= 2 * mostWaiting : strangers >= mostWaiting)
    ) {
      throw busy();
    }
    await new Promise<void>((start) => {
      waiting.push({ ...turn, start });
      next();
    });
    try {
      return await work();
    } finally {
      running -= 1;
      next();
    }
  };

  return {
    hash: (password, turn) => inTurn(turn, () => argon.hash(password)),
    verify: (hash, password, turn) =>
      inTurn(turn, async () => (await argon.verify(hash ?? decoy, password)) && hash !== undefined),
  };
}

function busy(): Error {
  return refusal({
    code: "sign-in.busy",
    message: "Too many people sign in at this moment.",
    hint: "Try again in a few seconds.",
    status: 503,
    retryAfter: 5,
  });
}
