import { createGitHubDouble, type GitHubDouble } from "@deploy/github-double";
import { type AccessRig, createRig, from } from "../../access/testing/rig.js";
import { createSignIn } from "../sign-in.js";
import type { ProviderWay, SignIn } from "../types.js";
import { browseUntil, type Issuer, startIssuer } from "./issuer.js";

/** Where the console of these tests is said to be; nobody listens there. */
export const origin = "http://127.0.0.1:4300";

/** Who else than those who were invited may come in. */
export interface AllowRules {
  readonly emailDomains?: readonly string[];
  readonly organizations?: readonly string[];
}

/** Somebody whom a provider knows, and who is at the browser; by default `maria@example.org`, verified. */
export interface Someone {
  readonly email?: string;
  readonly verified?: boolean;
  readonly subject: string;
}

/** The two ways that have a provider. */
export type ProviderName = "github" | "oidc";

/** An access book with an owner, sign-in by both providers, and a browser between them. */
export interface ProviderRig {
  /** Of the present test. */
  readonly book: AccessRig;
  /** Of the present test; {@link allow} makes it anew. */
  readonly signIn: SignIn;
  readonly github: GitHubDouble;
  readonly issuer: Issuer;
  /** Before each test: an access book of its own, and no rules. */
  begin(): Promise<void>;
  allow(rules: AllowRules): void;
  wayOf(name: ProviderName): ProviderWay;
  /** A name at a provider that nobody has had. */
  fresh(): string;
  atBrowser(name: ProviderName, someone: Someone): void;
  /** What a browser comes back with from a provider, and its cookie of the first half. */
  roundTrip(
    name: ProviderName,
    returnTo?: string | null,
  ): Promise<{ readonly started: URL; readonly query: URLSearchParams; readonly cookies: string }>;
  /** The whole of a sign-in. */
  enter(name: ProviderName, returnTo?: string | null): ReturnType<SignIn["withProvider"]>;
  end(): Promise<void>;
}

/** Starts the providers. */
export async function createProviderRig(): Promise<ProviderRig> {
  const issuer = await startIssuer(`${origin}/sign-in/oidc/return`);
  const github = await createGitHubDouble({ redirectUri: `${origin}/sign-in/github/return` });
  let book = await createRig();
  let signIn = make({});
  let number = 0;

  function make({ emailDomains, organizations }: AllowRules): SignIn {
    const { clientId, clientSecret, url } = github;
    return createSignIn({
      access: book.access,
      origin,
      now: () => book.now(),
      options: {
        github: {
          ...{ clientId, clientSecret, url, apiUrl: url },
          ...(organizations === undefined ? {} : { organizations }),
        },
        oidc: {
          ...{ issuer: issuer.url, clientId: issuer.clientId, clientSecret: issuer.clientSecret },
          ...(emailDomains === undefined ? {} : { emailDomains }),
        },
      },
    });
  }
  const wayOf = (name: ProviderName): ProviderWay => {
    const way = signIn.provider(name);
    if (way === undefined) throw new Error(`${name} is not set up`);
    return way;
  };
  const roundTrip: ProviderRig["roundTrip"] = async (name, returnTo = null) => {
    const { url, cookie } = await wayOf(name).start(returnTo);
    const back = await browseUntil(url, origin);
    if (back.pathname !== `/sign-in/${name}/return`) throw new Error(`came back to ${back.pathname}`);
    return { started: new URL(url), query: back.searchParams, cookies: cookie.split(";", 1)[0] ?? "" };
  };
  return {
    get book() {
      return book;
    },
    get signIn() {
      return signIn;
    },
    github,
    issuer,
    begin: async () => {
      await book.close();
      book = await createRig();
      await book.owner();
      signIn = make({});
    },
    allow: (rules) => {
      signIn = make(rules);
    },
    wayOf,
    fresh: () => {
      number += 1;
      return `subject-${number}`;
    },
    atBrowser: (name, { email = "maria@example.org", verified = true, subject }) => {
      if (name === "github") {
        github.addUser({ login: subject, name: "Maria", emails: [{ email, primary: true, verified }] });
        github.signedInAs = subject;
      } else {
        issuer.accounts[subject] = { email, email_verified: verified, name: "Maria" };
        issuer.signedInAs = subject;
      }
    },
    roundTrip,
    enter: async (name, returnTo = null) => {
      const { query, cookies } = await roundTrip(name, returnTo);
      return signIn.withProvider(wayOf(name), query, cookies, from);
    },
    end: async () => {
      await book.close();
      await issuer.close();
      await github.close();
    },
  };
}
