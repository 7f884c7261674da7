import type { Context, Identity } from "@deploy/core";
import { path } from "./api.js";
import type { HerokuAccount, HerokuTeam } from "./api-types.js";
import { unlessMissing } from "./errors.js";
import type { Surroundings } from "./surroundings.js";

/** Whose token it is, once per plan. */
export function readAccount(own: Surroundings, context: Context): Promise<HerokuAccount> {
  return context.shared("heroku/account", () => own.api.get<HerokuAccount>(context, "/account"));
}

/** The team of the options, as this account sees it, once per plan; undefined where it sees none. */
export function readTeam(own: Surroundings, context: Context, team: string): Promise<HerokuTeam | undefined> {
  return context.shared(`heroku/team/${team}`, () =>
    unlessMissing(own.api.get<HerokuTeam>(context, path`/teams/${team}`)),
  );
}

/** Who deploys to what: the team, where the options name one, is the account that is compared. */
export async function identify(own: Surroundings, context: Context): Promise<Identity> {
  const { email } = await readAccount(own, context);
  const { team } = own.options;
  return team === undefined
    ? { account: email, label: `${email} at Heroku` }
    : { account: team, label: `${email} in the Heroku team ${team}` };
}
