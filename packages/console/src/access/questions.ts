import type { AppAccess, MyApp, PersonRights } from "../shared/access-types.js";
import { ACTIONS, type Action } from "./actions.js";
import type { Queries } from "./database.js";
import type { Parts } from "./parts.js";
import { requirePerson } from "./person-rows.js";
import { allows, ROLES, type Standing, strongest } from "./rights.js";
import { grantOf, personColumns, personOf } from "./rows.js";
import type { Reach } from "./standing.js";
import { reachOf, standingIn } from "./standing.js";
import type { TokenBook } from "./tokens.js";
import type { Caller, ConsoleGrant, Person, Role } from "./types.js";

/** What somebody may do, for some apps: what `GET /api/me` answers. */
export interface OwnRights {
  readonly everywhere?: Role;
  readonly actions: readonly Action[];
  readonly apps: readonly MyApp[];
}

/** The two questions: what can this person do, and who can do this here. Answered by the rules that decide. */
export interface Questions {
  /** Of the caller, for those of the apps that they may see. */
  ownRights(caller: Caller, apps: readonly string[]): Promise<OwnRights>;
  /** For the apps that are named, and any other they hold a grant for. Throws `access.no-person`. */
  rightsOf(personId: string, apps: readonly string[]): Promise<PersonRights>;
  whoCan(app: string): Promise<AppAccess>;
}

const names = Object.keys(ACTIONS) as readonly Action[];

/** Answers from a database. */
export function createQuestions({ database, now }: Parts, tokens: TokenBook): Questions {
  return {
    ownRights: async (caller, apps) => rightsIn(await reachOf(database, now(), caller), apps),
    rightsOf: async (personId, apps) => {
      const person = await requirePerson(database, personId);
      const held = await grantsOf(database, now(), "g.person_id = ?", personId);
      const reach: Reach = { alive: person.revokedAt === undefined, grants: held };
      const all = [...new Set([...apps, ...held.map(({ app }) => app)])].filter((app) => app !== "*").sort();
      const rights = rightsIn(reach, all);
      return {
        person,
        ...rights,
        apps: rights.apps.map((one) => ({
          ...one,
          grants: held.filter(({ app }) => app === one.app || app === "*"),
        })),
        tokens: await tokens.list(personId),
      };
    },
    whoCan: async (app) => {
      const held = await grantsOf(database, now(), "g.app IN (?, '*')", app);
      const people = await peopleWith(database, held, app);
      return {
        app,
        people,
        actions: names.flatMap((action) => {
          const rule = ACTIONS[action];
          if (rule.scope !== "app") return [];
          const may = people.filter(({ role }) => allows(rule, standingOf(role)));
          return [{ action, role: rule.role, people: may.map(({ person }) => person.email) }];
        }),
        tokens: await tokens.ofApp(app),
      };
    },
  };
}

function standingOf(role: Role): Standing {
  return { alive: true, byToken: false, here: role, everywhere: undefined };
}

function rightsIn(reach: Reach, apps: readonly string[]): OwnRights {
  const none = standingIn(reach);
  const shown = apps.flatMap((app) => {
    const standing = standingIn(reach, app);
    if (standing.here === undefined) return [];
    const actions = names.filter((name) => ACTIONS[name].scope === "app" && allows(ACTIONS[name], standing));
    return [{ app, role: standing.here, actions }];
  });
  return {
    ...(none.everywhere === undefined ? {} : { everywhere: none.everywhere }),
    actions: names.filter((name) => ACTIONS[name].scope !== "app" && allows(ACTIONS[name], none)),
    apps: shown.sort((left, right) => (left.app < right.app ? -1 : 1)),
  };
}

async function grantsOf(
  queries: Queries,
  now: number,
  which: string,
  value: string,
): Promise<readonly ConsoleGrant[]> {
  const rows = await queries.all(
    `SELECT g.* FROM grants g JOIN people p ON p.id = g.person_id
      WHERE ${which} AND p.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?) ORDER BY g.app`,
    value,
    now,
  );
  return rows.map(grantOf);
}

async function peopleWith(
  queries: Queries,
  held: readonly ConsoleGrant[],
  app: string,
): Promise<
  readonly { readonly person: Person; readonly role: Role; readonly grants: readonly ConsoleGrant[] }[]
> {
  const rows = await queries.all(
    `SELECT ${personColumns} FROM people p WHERE p.revoked_at IS NULL AND p.id IN
      (SELECT person_id FROM grants WHERE app IN (?, '*'))`,
    app,
  );
  const found = rows.flatMap((row) => {
    const person = personOf(row);
    const grants = held.filter(({ personId }) => personId === person.id);
    const role = strongest(grants.map((grant) => grant.role));
    return role === undefined ? [] : [{ person, role, grants }];
  });
  return found.sort(
    (left, right) =>
      ROLES.indexOf(right.role) - ROLES.indexOf(left.role) ||
      (left.person.email < right.person.email ? -1 : 1),
  );
}
