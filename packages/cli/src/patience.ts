import type { CommandContext } from "./context.js";

/** More than this without a word looks like a program that hangs, milliseconds. */
const silenceMs = 1_000;

/** Says what is waited for once it takes longer than a second. */
export async function patiently<T>(context: CommandContext, text: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => void context.say(context.style.stderr.dim(text)), silenceMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
