import { acquireLock, type LockResult } from "../lock-file.js";

/** Tries the lock whenever it is told to, keeps what it gets until it is told to give it back. */
let held: LockResult | undefined;

process.on("message", async (message: { readonly do: "acquire" | "release"; readonly path: string }) => {
  if (message.do === "acquire") held = await acquireLock(message.path, { racer: process.pid });
  else if (held?.acquired) await held.release();
  process.send?.({ pid: process.pid, acquired: held?.acquired ?? false });
});
process.send?.("ready");
