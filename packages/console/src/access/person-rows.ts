import type { Queries } from "./database.js";
import { refusal } from "./errors.js";
import type { By } from "./parts.js";
import { personColumns, personOf } from "./rows.js";
import { newId } from "./secrets.js";
import type { Person } from "./types.js";

/** A person by id, revoked or not. */
export async function findPerson(queries: Queries, id: string): Promise<Person | undefined> {
  const row = await queries.one(`SELECT ${personColumns} FROM people p WHERE p.id = ?`, id);
  return row === undefined ? undefined : personOf(row);
}

/** A person by e-mail, in whatever case it is written. */
export async function findPersonByEmail(queries: Queries, email: string): Promise<Person | undefined> {
  const row = await queries.one(
    `SELECT ${personColumns} FROM people p WHERE p.email = ?`,
    email.toLowerCase(),
  );
  return row === undefined ? undefined : personOf(row);
}

/** A person who is there. Throws `access.no-person`. */
export async function requirePerson(queries: Queries, id: string): Promise<Person> {
  const person = await findPerson(queries, id);
  if (person !== undefined) return person;
  throw refusal({
    code: "access.no-person",
    message: "There is no such person.",
    hint: "Look into the list of people.",
    status: 404,
  });
}

/** Makes a person's row; the e-mail has been checked. */
export async function addPerson(
  queries: Queries,
  now: number,
  { email, name, origin }: { readonly email: string; readonly name?: string; readonly origin: string },
): Promise<string> {
  const id = newId();
  await queries.run(
    "INSERT INTO people (id, email, name, created_at, origin) VALUES (?, ?, ?, ?, ?)",
    id,
    email,
    name ?? email.slice(0, email.indexOf("@")).slice(0, 80),
    now,
    origin,
  );
  return id;
}

/** The address of who does it, where there is one. */
export function addressOf({ address }: By): { readonly address?: string } {
  return address === undefined ? {} : { address };
}
