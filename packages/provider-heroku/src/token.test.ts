import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTokenSource } from "./token.js";
import { readKeychain } from "./token-keychain.js";
import { passwordOf } from "./token-netrc.js";

let home: string;
const { signal } = new AbortController();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "deploy-token-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** A program in the place of the keychain's, which answers only to the call that the Heroku CLI's entry needs. */
async function plantKeychain(name: string, args: string, token: string): Promise<void> {
  const program = `#!/bin/sh\nif [ "$*" = "${args}" ]; then printf '%s\\n' '${token}'; else exit 1; fi\n`;
  await writeFile(join(home, name), program);
  await chmod(join(home, name), 0o755);
}

describe("the token", () => {
  it("is taken from HEROKU_API_KEY first, and its blanks are cut off", async () => {
    await writeFile(join(home, ".netrc"), "machine api.heroku.com login a password of-netrc\n");
    const found = await createTokenSource().find({
      env: { HEROKU_API_KEY: " of-env\n", HOME: home },
      signal,
    });
    expect(found).toEqual({ token: "of-env", source: "HEROKU_API_KEY" });
  });

  it("is taken from ~/.netrc next, or from the file that NETRC names", async () => {
    await writeFile(join(home, ".netrc"), "machine api.heroku.com\n  login a\n  password of-netrc\n");
    await writeFile(join(home, "other"), "machine api.heroku.com login a password of-other");
    const source = createTokenSource();
    expect(await source.find({ env: { HOME: home }, signal })).toEqual({
      token: "of-netrc",
      source: "~/.netrc",
    });
    const named = { HOME: home, NETRC: join(home, "other") };
    expect((await source.find({ env: named, signal })).token).toBe("of-other");
  });

  it("is taken from the keychain that the Heroku CLI writes to last", async () => {
    await plantKeychain("secret-tool", "lookup service heroku-cli", "of-keyring");
    await plantKeychain("security", "find-generic-password -s heroku-cli -w", "of-keychain");
    const env = { PATH: `${home}:${process.env.PATH}`, HOME: home };
    expect((await readKeychain(env, signal, "linux"))?.token).toBe("of-keyring");
    expect((await readKeychain(env, signal, "darwin"))?.token).toBe("of-keychain");
    expect(await readKeychain(env, signal, "win32")).toBeUndefined();
    expect(await readKeychain({ ...env, HEROKU_NETRC_WRITE: "true" }, signal, "linux")).toBeUndefined();
  });

  it("is looked for again by whoever has logged in meanwhile", async () => {
    const source = createTokenSource();
    const context = { env: { HOME: home, PATH: home }, signal };
    await expect(source.find(context)).rejects.toMatchObject({ code: "heroku.no-credentials" });
    await writeFile(join(home, ".netrc"), "machine api.heroku.com login a password now-there");
    expect((await source.find(context)).token).toBe("now-there");
  });

  it("is refused, unread, when it cannot be one", async () => {
    const env = { HEROKU_API_KEY: "two words", HOME: home };
    const refused = await createTokenSource()
      .find({ env, signal })
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "heroku.bad-token" });
    expect(JSON.stringify(refused)).not.toContain("two words");
  });
});

describe("a netrc file", () => {
  const file = `
# machine api.heroku.com password commented
machine git.heroku.com login a password of-git
machine api.heroku.com login me@example.org password "quo\\"ted"
macdef init
machine api.heroku.com password of-macro

default login anonymous password of-default
`;
  it.each([
    ["api.heroku.com", 'quo"ted'],
    ["git.heroku.com", "of-git"],
    ["elsewhere.org", "of-default"],
  ])("says the password of %s", (machine, password) => expect(passwordOf(file, machine)).toBe(password));

  it("takes no login named password for one", () => {
    expect(passwordOf("machine api.heroku.com login password password right", "api.heroku.com")).toBe(
      "right",
    );
  });

  it("without the machine has none", () =>
    expect(passwordOf("machine a.b password c", "x.y")).toBeUndefined());
});
