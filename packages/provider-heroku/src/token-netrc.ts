import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Context } from "@deploy/core";
import type { HerokuToken } from "./token.js";

/** The machine that `heroku login` writes its token under. */
const machine = "api.heroku.com";

/** The token in `~/.netrc` (`_netrc` on Windows), or in the file that `NETRC` names; undefined where there is none. */
export async function readNetrc(env: Context["env"]): Promise<HerokuToken | undefined> {
  const name = process.platform === "win32" ? "_netrc" : ".netrc";
  const file = env.NETRC || join(env.HOME || homedir(), name);
  const text = await readFile(file, "utf8").catch(() => undefined);
  const token = text === undefined ? undefined : passwordOf(text, machine);
  return token === undefined ? undefined : { token, source: env.NETRC ? file : `~/${name}` };
}

/**
 * The password of a machine in a netrc file; `default` counts for machines that are not named.
 *
 * Macro definitions end at an empty line and are skipped; a word may be quoted.
 */
export function passwordOf(text: string, wanted: string): string | undefined {
  const withoutMacros = text.replace(/^[ \t]*macdef\b[\s\S]*?(?:\r?\n[ \t]*\r?\n|$)/gm, "\n");
  const words = [...withoutMacros.replace(/(^|\s)#.*$/gm, "$1").matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "",
  );
  let current: string | undefined;
  let fallback: string | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === "machine") current = words[++index];
    else if (word === "default") current = undefined;
    else if (word === "login" || word === "account") index += 1;
    else if (word === "password") {
      const password = words[++index];
      if (current === wanted) return password;
      if (current === undefined) fallback ??= password;
    }
  }
  return fallback;
}
