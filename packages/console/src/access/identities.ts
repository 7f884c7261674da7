import { appendAudit } from "./audit.js";
import type { Queries } from "./database.js";
import { refusal } from "./errors.js";
import { addPerson, findPersonByEmail, requirePerson } from "./person-rows.js";
import type { Person } from "./types.js";
import { parseEmail, parseName } from "./values.js";

/** Who a provider says somebody is. */
export interface ProvenIdentity {
  readonly way: "github" | "oidc";
  /** `https://github.com`, `https://accounts.example.org`. */
  readonly issuer: string;
  /** The issuer's unchanging name for this person. */
  readonly subject: string;
  /** Verified by the issuer. */
  readonly email: string;
  readonly name?: string;
  /** A rule of the options (an organization, a domain) lets them in. */
  readonly allowed: boolean;
}

/** Whose identity this is; makes the link, or the person, where that is allowed. Throws `sign-in.not-allowed`. */
export async function personOfIdentity(
  queries: Queries,
  time: number,
  identity: ProvenIdentity,
): Promise<string> {
  const { issuer, subject, way, allowed } = identity;
  const linked = await queries.one(
    "SELECT p.id, p.origin FROM identities i JOIN people p ON p.id = i.person_id WHERE i.issuer = ? AND i.subject = ?",
    issuer,
    subject,
  );
  if (linked !== undefined) {
    // Who came by a rule alone goes when the rule holds no longer.
    if (linked.origin === "rule" && !allowed) throw notAllowed();
    return String(linked.id);
  }
  const email = parseEmail(identity.email);
  const person =
    (await findPersonByEmail(queries, email)) ?? (await newcomer(queries, time, identity, email));
  if (person.revokedAt !== undefined) return person.id;
  const other = await queries.one(
    "SELECT subject FROM identities WHERE issuer = ? AND person_id = ?",
    issuer,
    person.id,
  );
  // The same address in other hands: a provider gives names anew.
  if (other !== undefined) throw notAllowed();
  await queries.run(
    "INSERT INTO identities (issuer, subject, way, person_id, created_at) VALUES (?, ?, ?, ?, ?)",
    issuer,
    subject,
    way,
    person.id,
    time,
  );
  await appendAudit(queries, time, {
    actor: email,
    action: "account.link",
    subject: way,
    detail: `${issuer} ${subject}`,
  });
  return person.id;
}

async function newcomer(
  queries: Queries,
  time: number,
  { allowed, name, way }: ProvenIdentity,
  email: string,
): Promise<Person> {
  if (!allowed) throw notAllowed();
  const readable = name === undefined ? undefined : readableName(name);
  const id = await addPerson(queries, time, {
    email,
    origin: "rule",
    ...(readable === undefined ? {} : { name: readable }),
  });
  await appendAudit(queries, time, { actor: email, action: "people.join", subject: email, detail: way });
  return requirePerson(queries, id);
}

/** A provider's name for somebody, where it can be read; a strange one is no reason to turn them away. */
function readableName(name: string): string | undefined {
  try {
    return parseName(name);
  } catch {
    return undefined;
  }
}

function notAllowed(): Error {
  return refusal({
    code: "sign-in.not-allowed",
    message: "Nobody has invited this address.",
    hint: "Ask somebody who manages people here.",
    status: 403,
  });
}
