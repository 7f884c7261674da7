import { type Context, DeployError } from "@deploy/core";
import { readKeychain } from "./token-keychain.js";
import { readNetrc } from "./token-netrc.js";

/** The variable a token is read from first. */
export const tokenVariable = "HEROKU_API_KEY";

/** A token, and where it was found: the place is for `doctor`, the token for nobody. */
export interface HerokuToken {
  readonly token: string;
  /** `HEROKU_API_KEY`, `~/.netrc`, `the Heroku CLI's keychain`. */
  readonly source: string;
}

/** Finds tokens, and remembers what it found in files and keychains: a keychain may ask its user. */
export interface TokenSource {
  /**
   * The token of this context: `HEROKU_API_KEY`, else `~/.netrc` (or the file of `NETRC`), else the keychain that the
   * Heroku CLI logs in to since its version 11.6.
   *
   * @throws `heroku.no-credentials` when there is none; `heroku.bad-token` for one that cannot be one.
   */
  find(context: Pick<Context, "env" | "signal">): Promise<HerokuToken>;
}

/** A source of tokens with a memory of its own. */
export function createTokenSource(): TokenSource {
  const stored = new Map<string, Promise<HerokuToken | undefined>>();
  return {
    async find({ env, signal }) {
      const given = env[tokenVariable]?.trim();
      if (given) return checked({ token: given, source: tokenVariable });
      const key = `${env.NETRC ?? ""}\n${env.HOME ?? ""}`;
      let search = stored.get(key);
      if (search === undefined) {
        search = findStored(env, signal);
        stored.set(key, search);
        // Whoever logs in meanwhile is found, and a search that was cancelled says nothing.
        search.then(
          (found) => found === undefined && stored.delete(key),
          () => stored.delete(key),
        );
      }
      const found = await search;
      if (found === undefined) throw missingToken();
      return checked(found);
    },
  };
}

async function findStored(env: Context["env"], signal: AbortSignal): Promise<HerokuToken | undefined> {
  return (await readNetrc(env)) ?? (await readKeychain(env, signal));
}

/** A header can hold printable ASCII only: anything else is a paste that went wrong. */
function checked(found: HerokuToken): HerokuToken {
  if (/^[\x21-\x7e]+$/.test(found.token)) return found;
  throw new DeployError({
    code: "heroku.bad-token",
    message: `What ${found.source} holds is no Heroku token: it has spaces or characters that no token has.`,
    hint: "Make one with `heroku authorizations:create` and set HEROKU_API_KEY to it.",
  });
}

function missingToken(): DeployError {
  return new DeployError({
    code: "heroku.no-credentials",
    message:
      "There is no Heroku token: not in HEROKU_API_KEY, not in ~/.netrc, not in the Heroku CLI's keychain.",
    hint: "Set HEROKU_API_KEY (heroku authorizations:create makes one), or log in with `heroku login`.",
    docs: "https://devcenter.heroku.com/articles/authentication",
  });
}
