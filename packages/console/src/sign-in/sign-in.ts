import { DeployError } from "@deploy/core";
import type { AccessBook } from "../access/book.js";
import { invitationOver, linkOver } from "../access/entry.js";
import { refusal } from "../access/errors.js";
import { networkOf } from "../access/network.js";
import type { BegunSession } from "../access/sessions.js";
import { createCounter, createThrottle, perNetwork, throttled } from "../access/throttle.js";
import { parsePassword } from "../access/values.js";
import type { ConsoleOptions } from "../options.js";
import { createGitHub } from "./github.js";
import { createOidc } from "./oidc.js";
import { createPendingBox } from "./pending.js";
import type { Fetch, ProviderWay, SignIn, Visitor } from "./types.js";

/** What the ways to sign in are made with. */
export interface SignInOptions {
  readonly access: AccessBook;
  readonly options: Pick<ConsoleOptions, "github" | "oidc">;
  /** Where browsers find us, without a slash at its end. */
  readonly origin: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** Default: the platform's. */
  readonly fetch?: Fetch;
}

/** The ways to sign in. Throws `console.bad-option`. */
export function createSignIn(parts: SignInOptions): SignIn {
  const { access, options, origin, now = Date.now } = parts;
  const request: Fetch = parts.fetch ?? fetch;
  const https = origin.startsWith("https:");
  const pending = createPendingBox(https, now);
  const throttle = createThrottle(now);
  const secrets = createCounter(perNetwork, now);
  const shared = { origin, pending, fetch: request };
  const github = options.github === undefined ? undefined : createGitHub(options.github, shared);
  const oidc = options.oidc === undefined ? undefined : createOidc(options.oidc, { ...shared, now });

  /** Begins a session; one that the browser had before ends with it. */
  const began = async (visitor: Visitor, session: BegunSession): Promise<BegunSession> => {
    if (visitor.session === undefined) return session;
    const before = await access.callerOf({ session: visitor.session });
    if (before.kind === "person") {
      await access.sessions.end(
        { caller: before, address: visitor.address },
        before.person.id,
        before.sessionId,
      );
    }
    return session;
  };

  /** Whoever shows secrets that are none is counted, and what failed is written down. */
  const counted = async <Result>(
    visitor: Visitor,
    way: string,
    work: () => Promise<Result>,
  ): Promise<Result> => {
    const network = networkOf(visitor.address);
    const wait = secrets.take(network);
    if (wait > 0) throw throttled(wait);
    try {
      const result = await work();
      secrets.giveBack(network);
      return result;
    } catch (error) {
      const code = DeployError.is(error) ? error.code : "console.unexpected";
      // A slip of the pen, or a provider that is away, is no attack.
      if (!code.startsWith("sign-in.") || code === "sign-in.unreachable" || code === "sign-in.busy") {
        secrets.giveBack(network);
      }
      await access.audit({
        actor: "nobody",
        address: visitor.address,
        action: "sign-in.failed",
        detail: `${way}: ${code}`,
      });
      throw error;
    }
  };

  /** One look at a password: throttled, one argon2id whatever is known, and counted by how it went. */
  const check = async (email: string, password: string, visitor: Visitor): Promise<string | undefined> => {
    const facts = await access.entry.passwordFacts(email, visitor.address);
    const network = networkOf(visitor.address);
    const done = throttle.enter({
      network,
      email: email.toLowerCase().slice(0, 254),
      exists: facts.personId !== undefined,
      known: facts.known,
    });
    try {
      const right = await access.passwords.verify(facts.hash, password, { network, known: facts.known });
      done(right ? "right" : "wrong");
      return right ? facts.personId : undefined;
    } catch (error) {
      done("untried");
      throw error;
    }
  };

  const fail = (email: string, visitor: Visitor): Promise<void> =>
    access.audit({
      actor: "nobody",
      address: visitor.address,
      action: "sign-in.failed",
      subject: email.slice(0, 254),
      detail: "password",
    });

  return {
    ways: {
      password: true,
      ...(github === undefined ? {} : { github: { name: github.name } }),
      ...(oidc === undefined ? {} : { oidc: { name: oidc.name } }),
    },
    ownerLink: async () => `${origin}/sign-in#link=${await access.entry.makeOwnerLink()}`,
    invitationLink: (secret) => `${origin}/invitation#invitation=${secret}`,
    withPassword: async (email, password, visitor) => {
      const personId = await check(email, password, visitor);
      if (personId === undefined) {
        await fail(email, visitor);
        throw wrong();
      }
      return began(visitor, await access.entry.enterWithPassword(personId, visitor));
    },
    link: (secret, visitor) =>
      counted(visitor, "link", async () => {
        const found = await access.entry.ownerOfLink(secret);
        if (found === undefined) throw linkOver();
        const { owner } = found;
        return owner === undefined ? {} : { owner: { email: owner.email, name: owner.name } };
      }),
    withLink: ({ secret, ...first }, visitor) =>
      counted(visitor, "link", async () =>
        began(visitor, await access.entry.enterWithLink(secret, first, visitor)),
      ),
    invitation: (secret, visitor) =>
      counted(visitor, "invitation", async () => {
        const found = await access.people.invitation(secret);
        if (found === undefined) throw invitationOver();
        const { person, invitedBy, expiresAt } = found;
        return { email: person.email, name: person.name, invitedBy, expiresAt };
      }),
    withInvitation: (invitation, visitor) =>
      counted(visitor, "invitation", async () => {
        const password = parsePassword(invitation.password);
        // Nobody without an invitation makes us work.
        if ((await access.people.invitation(invitation.secret)) === undefined) throw invitationOver();
        const network = networkOf(visitor.address);
        const hash = await access.passwords.hash(password, { network, known: false });
        return began(
          visitor,
          await access.entry.enterWithInvitation(invitation.secret, hash, invitation.name, visitor),
        );
      }),
    provider: (way) => (way === "github" ? github : oidc),
    withProvider: (way: ProviderWay, query, cookies, visitor) =>
      counted(visitor, way.name, async () => {
        const { identity, returnTo } = await way.finish(query, cookies);
        const session = await began(visitor, await access.entry.enterWithIdentity(identity, visitor));
        return { ...session, returnTo };
      }),
    changePassword: async (caller, change, visitor) => {
      const password = parsePassword(change.password);
      const { person, sessionId } = caller;
      if (
        person.ways.includes("password") &&
        (await check(person.email, change.current ?? "", visitor)) !== person.id
      ) {
        await fail(person.email, visitor);
        throw wrong();
      }
      const turn = { network: networkOf(visitor.address), known: true };
      const hash = await access.passwords.hash(password, turn);
      await access.entry.setPassword({ caller, address: visitor.address }, person.id, hash, sessionId);
    },
  };
}

function wrong(): Error {
  return refusal({
    code: "sign-in.wrong",
    message: "The address or the password is not right.",
    hint: "Try again, or sign in another way.",
    status: 401,
  });
}
