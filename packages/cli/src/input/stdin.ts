import { readFile } from "node:fs/promises";
import { usageError } from "../usage-error.js";

const MAXIMUM_BYTES = 1024 * 1024;

/** All of stdin as text, 1 MiB at most. Throws `usage.too-large`. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const data = chunk as Buffer;
    size += data.length;
    if (size > MAXIMUM_BYTES) throw usageError("too-large", "stdin is larger than 1 MiB; that is no secret.");
    chunks.push(data);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The text of a file, or of stdin for `-`. Throws `usage.bad-file`. */
export async function readText(path: string): Promise<string> {
  if (path === "-") return readStdin();
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(
      "bad-file",
      code === "ENOENT" ? `There is no file ${path}.` : `${path} cannot be read (${code}).`,
    );
  }
}

/** Editors and `echo` end a file with a newline, which is no part of the value. */
export function withoutFinalNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}
