import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AccessRig, createRig, from, password } from "../access/testing/rig.js";
import { createThrottle } from "../access/throttle.js";
import { sessionCookie } from "./cookies.js";
import { createPendingBox } from "./pending.js";
import { returnPath } from "./return-to.js";
import { createSignIn } from "./sign-in.js";
import type { SignIn } from "./types.js";

let rig: AccessRig;
let signIn: SignIn;

beforeEach(async () => {
  rig = await createRig();
  await rig.owner();
  await rig.person("maria@example.org");
  signIn = createSignIn({
    access: rig.access,
    options: {},
    origin: "https://console.example.org",
    now: () => rig.now(),
  });
  rig.argon.verifies = 0;
});

afterEach(() => rig.close());

const code = (expected: string) => expect.objectContaining({ code: expected });
/** Another network than the one that `maria@example.org` has signed in from. */
const stranger = { ...from, address: "203.0.113.9" };

/** What comes of an attempt: the code of the error, or `in`. */
async function attempt(email: string, text: string, address = stranger.address): Promise<string> {
  try {
    await signIn.withPassword(email, text, { ...from, address });
    return "in";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("rule 5: passwords", () => {
  it("the right one begins a session, a wrong one and an unknown name are told apart by nothing", async () => {
    const { person, secret } = await signIn.withPassword("Maria@Example.org", password, from);
    expect(person.email).toBe("maria@example.org");
    expect((await rig.access.callerOf({ session: secret })).kind).toBe("person");
    const say = async (email: string) =>
      signIn.withPassword(email, "not the password", from).catch((error: unknown) => error);
    const [known, unknown] = [await say("maria@example.org"), await say("nobody@example.org")];
    expect(known).toMatchObject({ code: "sign-in.wrong", details: { status: 401 } });
    expect(JSON.stringify(unknown)).toBe(JSON.stringify(known));
  });

  it("an unknown name, one without a password and one that was revoked cost the same work as a known one", async () => {
    const invited = await rig.access.people.invite({ caller: "console" }, { email: "lee@example.org" });
    const gone = await rig.person("gone@example.org");
    await rig.access.people.revoke({ caller: "console" }, gone.person.id);
    const work: number[] = [];
    for (const email of [
      "maria@example.org",
      "nobody@example.org",
      invited.person.email,
      "gone@example.org",
      "",
      "\u0000",
    ]) {
      rig.argon.verifies = 0;
      expect(await attempt(email, "not the password")).toBe("sign-in.wrong");
      work.push(rig.argon.verifies);
    }
    expect(work).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await attempt("gone@example.org", password)).toBe("sign-in.wrong");
  });

  it("a failure is in the audit log with address and name, and without what was tried", async () => {
    await attempt("maria@example.org", "my secret of elsewhere");
    const [entry] = await rig.access.auditLog({ limit: 1 });
    expect(entry).toMatchObject({
      action: "sign-in.failed",
      address: stranger.address,
      subject: "maria@example.org",
    });
    expect(JSON.stringify(entry)).not.toContain("secret of elsewhere");
  });

  it("is changed by who knows the present one, and ends the other sessions", async () => {
    const first = await signIn.withPassword("maria@example.org", password, from);
    const second = await signIn.withPassword("maria@example.org", password, from);
    const caller = await rig.access.callerOf({ session: first.secret });
    if (caller.kind !== "person") throw new Error("not signed in");
    const change = (current: string | undefined, next: string) =>
      signIn.changePassword(caller, { ...(current === undefined ? {} : { current }), password: next }, from);
    await expect(change("wrong", "another long password")).rejects.toEqual(code("sign-in.wrong"));
    await expect(change(undefined, "another long password")).rejects.toEqual(code("sign-in.wrong"));
    await expect(change(password, "short")).rejects.toEqual(code("access.bad-password"));
    await change(password, "another long password");
    expect((await rig.access.callerOf({ session: first.secret })).kind).toBe("person");
    expect((await rig.access.callerOf({ session: second.secret })).kind).toBe("nobody");
    expect(await attempt("maria@example.org", password)).toBe("sign-in.wrong");
    expect(await attempt("maria@example.org", "another long password")).toBe("in");
  });
});

describe("sessions", () => {
  it("session fixation: signing in takes over no session that the browser brought, and ends it", async () => {
    const planted = "a".repeat(43);
    const first = await signIn.withPassword("maria@example.org", password, { ...from, session: planted });
    expect(first.secret).not.toBe(planted);
    expect((await rig.access.callerOf({ session: planted })).kind).toBe("nobody");
    const second = await signIn.withPassword("maria@example.org", password, {
      ...from,
      session: first.secret,
    });
    expect(second.secret).not.toBe(first.secret);
    expect((await rig.access.callerOf({ session: first.secret })).kind).toBe("nobody");
  });

  it("the cookie is for us alone: no script, no other site, no other host, no plain HTTP", () => {
    expect(sessionCookie("x", true)).toBe(
      "__Host-deploy=x; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure",
    );
    expect(sessionCookie("x", false)).toBe("deploy=x; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict");
  });
});

describe("rule 7: throttle per account and per address", () => {
  it("10,000 attempts: bounded work, bounded memory, and everybody else still gets in", async () => {
    const outcomes = new Map<string, number>();
    for (let number = 0; number < 10_000; number += 1) {
      // A network of its own every 20 attempts; one in ten on a name that is made up, all others on one account.
      const address = `2001:db8:${Math.floor(number / 20).toString(16)}::${number.toString(16)}`;
      const email = number % 10 !== 0 ? "maria@example.org" : `made-up-${number}@example.org`;
      const outcome = await attempt(email, "guess", address);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get("in")).toBeUndefined();
    expect(rig.argon.verifies).toBe(outcomes.get("sign-in.wrong"));
    // Ten guesses at the account; every made-up name is tried once, and costs its network one of twenty.
    expect(outcomes.get("sign-in.throttled")).toBe(8_990);
    expect(await attempt("maria@example.org", password, "192.0.2.1")).toBe("sign-in.throttled");
    expect(await attempt("maria@example.org", password, from.address)).toBe("in");
    expect(await attempt("olga@example.org", "wrong", "192.0.2.1")).toBe("sign-in.wrong");
    expect((await rig.access.verifyAudit()).intact).toBe(true);
  }, 60_000);

  it("one address has twenty failures, then one every 15 seconds, whatever names it tries", async () => {
    for (let number = 0; number < 20; number += 1) {
      expect(await attempt(`p${number}@example.org`, "guess")).toBe("sign-in.wrong");
    }
    expect(await attempt("p99@example.org", "guess")).toBe("sign-in.throttled");
    expect(await attempt("maria@example.org", password)).toBe("sign-in.throttled");
    expect(rig.argon.verifies).toBe(20);
    rig.pass(15_000);
    expect(await attempt("p99@example.org", "guess")).toBe("sign-in.wrong");
    expect(await attempt("p98@example.org", "guess")).toBe("sign-in.throttled");
  });

  it("all of a /64 is one address", async () => {
    for (let number = 0; number < 20; number += 1) {
      await attempt(`p${number}@example.org`, "guess", `2001:db8::${number.toString(16)}`);
    }
    expect(await attempt("p99@example.org", "guess", "2001:db8::ffff")).toBe("sign-in.throttled");
    expect(await attempt("p99@example.org", "guess", "2001:db8:0:1::1")).toBe("sign-in.wrong");
  });

  it("an account that is not there is throttled like one that is", async () => {
    const tries = async (email: string): Promise<readonly string[]> => {
      const all: string[] = [];
      for (let number = 0; number < 12; number += 1) {
        all.push(await attempt(email, "guess", `2001:db8:${email.length}:${number}::1`));
      }
      return all;
    };
    expect(await tries("nobody@example.org")).toEqual(await tries("maria@example.org"));
  });

  it("what is right costs nothing, so that one's own password does not refill the guesses at others", async () => {
    for (let number = 0; number < 40; number += 1) {
      expect(await attempt("maria@example.org", password)).toBe("in");
    }
    for (let number = 0; number < 20; number += 1) {
      await attempt(`p${number}@example.org`, "guess");
      await attempt("maria@example.org", password);
    }
    expect(await attempt("p99@example.org", "guess")).toBe("sign-in.throttled");
  });

  it("memory is bounded whatever comes", () => {
    const throttle = createThrottle(() => 0);
    for (let number = 0; number < 50_000; number += 1) {
      throttle.enter({ network: `n${number}`, email: `e${number}`, exists: false, known: false })("wrong");
    }
    expect(throttle.size()).toBeLessThanOrEqual(40_000);
  });

  it("a flood at once: two passwords are worked on at a time, few wait, the rest is told to come back", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, (_, number) =>
        attempt(`p${number}@example.org`, "guess", `2001:db8:${number.toString(16)}::1`),
      ),
    );
    expect(rig.argon.most).toBeLessThanOrEqual(2);
    const count = (wanted: string): number => outcomes.filter((one) => one === wanted).length;
    expect(count("sign-in.wrong")).toBe(rig.argon.verifies);
    expect(count("sign-in.wrong")).toBeLessThanOrEqual(34);
    expect(count("sign-in.busy")).toBe(500 - count("sign-in.wrong"));
    // Who was too much is not counted as a failure.
    expect(await attempt("p499@example.org", "guess", "2001:db8:1f3::1")).toBe("sign-in.wrong");
  });

  it("secrets of links that are made up are counted per address as well", async () => {
    const enter = () => signIn.withLink({ secret: "made-up" }, stranger);
    for (let number = 0; number < 20; number += 1) {
      await expect(enter()).rejects.toEqual(code("sign-in.link-over"));
    }
    await expect(enter()).rejects.toEqual(code("sign-in.throttled"));
    const hashes = rig.argon.hashes;
    await expect(
      signIn.withInvitation({ secret: "made-up", password }, { ...from, address: "192.0.2.77" }),
    ).rejects.toEqual(code("sign-in.invitation-over"));
    expect(rig.argon.hashes).toBe(hashes);
  });
});

describe("links", () => {
  it("rule 3: a secret stands behind the #, where no server and no log sees it", async () => {
    const link = new URL(await signIn.ownerLink());
    expect(link.pathname).toBe("/sign-in");
    expect(link.search).toBe("");
    const secret = link.hash.replace("#link=", "");
    expect((await signIn.withLink({ secret }, from)).person.email).toBe("olga@example.org");
    const invitation = new URL(signIn.invitationLink("abc"));
    expect([invitation.pathname, invitation.search, invitation.hash]).toEqual([
      "/invitation",
      "",
      "#invitation=abc",
    ]);
  });
});

describe("no open redirect", () => {
  it("only a path of ours is returned to", () => {
    const origin = "https://console.example.org";
    for (const good of ["/", "/apps/shop/production/logs?level=error#l12", "/people"]) {
      expect(returnPath(good, origin)).toBe(good);
    }
    for (const bad of [
      null,
      "",
      "//evil.example",
      "/\\evil.example",
      "\\/evil.example",
      "/\t/evil.example",
      "/.//evil.example",
      "/..//evil.example",
      "https://evil.example/",
      "javascript:alert(1)",
      "apps",
      "/api/sign-out",
      "/sign-in/github",
      `/${"a".repeat(3_000)}`,
      "/a\nset-cookie: x",
    ]) {
      expect(returnPath(bad, origin), String(bad)).toBe("/");
    }
  });
});

describe("a sign-in that is under way", () => {
  const pending = { way: "github", state: "s".repeat(43), verifier: "v", returnTo: "/" } as const;
  const asSent = (cookie: string): string => cookie.split(";", 1)[0] ?? "";

  it("belongs to the browser, the provider and the ten minutes it was started in", () => {
    let time = 0;
    const box = createPendingBox(true, () => time);
    const cookie = asSent(box.seal(pending));
    expect(cookie.startsWith("__Host-deploy-return=")).toBe(true);
    expect(box.open("github", pending.state, cookie)).toMatchObject(pending);
    const bad = code("sign-in.state");
    const open = (way: "github" | "oidc", state: string | null, sent: string) => () =>
      box.open(way, state, sent);
    for (const tried of [
      open("github", pending.state, ""),
      open("github", "other", cookie),
      open("github", null, cookie),
      open("oidc", pending.state, cookie),
      open("github", pending.state, `${cookie}x`),
      open("github", pending.state, cookie.replace(/=../, "=AA")),
      () => createPendingBox(true, () => time).open("github", pending.state, cookie),
    ]) {
      expect(tried).toThrowError(bad);
    }
    time += 10 * 60 * 1_000;
    expect(open("github", pending.state, cookie)).toThrowError(bad);
  });
});
