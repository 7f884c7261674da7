import type { Context, DoctorFinding, Scope } from "@deploy/core";
import { toDeployError } from "@deploy/core";
import { identify, readAccount, readTeam } from "./account.js";
import { nameTaken } from "./app-creation.js";
import { endpointOf, herokuEndpoints } from "./endpoints.js";
import { hasCode } from "./errors.js";
import { firReason, generationOf } from "./generation.js";
import { isOurs, readMarker } from "./ownership.js";
import { readApp, readConfigVars } from "./reads.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** Fewer calls than this are left: a deployment takes some dozens. */
const scarce = 300;

/** What a person should know before deploying to Heroku: which token, whose account, whether it may, and the app's name. */
export async function examine(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly DoctorFinding[]> {
  const token = await own.api.token(context).catch(toDeployError);
  if ("code" in token) return [failed("token of heroku", token)];
  const groups = await Promise.all([
    [{ subject: "token of heroku", state: "ok", message: `From ${token.source}.` } satisfies DoctorFinding],
    hostFindings(own, context),
    accountFindings(own, context),
    teamFindings(own, context),
    appFindings(own, context, scope),
  ]);
  return [...groups.flat(), ...(await limitFindings(own, context))];
}

function failed(subject: string, thrown: unknown): DoctorFinding {
  const { message, hint } = toDeployError(thrown);
  return { subject, state: "failed", message, ...(hint === undefined ? {} : { hint }) };
}

function hostFindings(own: Surroundings, context: Context): readonly DoctorFinding[] {
  const host = endpointOf("api", own.options.endpoints, context.env);
  if (host === herokuEndpoints.api) return [];
  const hint = "Unset HEROKU_API_URL to talk to Heroku itself.";
  return [{ subject: "host of heroku", state: "warning", message: `Not Heroku's own, but ${host}.`, hint }];
}

async function accountFindings(own: Surroundings, context: Context): Promise<readonly DoctorFinding[]> {
  const subject = "account of heroku";
  try {
    const account = await readAccount(own, context);
    const { label } = await identify(own, context);
    const findings: DoctorFinding[] = [{ subject, state: "ok", message: `${label}.` }];
    if (account.suspended_at !== null) {
      const hint = "Write to Heroku's support.";
      findings.push({ subject, state: "failed", message: "The account is suspended.", hint });
    }
    if (account.delinquent_at !== null) {
      const message = "The account owes money: Heroku refuses whatever costs some.";
      const hint = "Settle it at https://dashboard.heroku.com/account/billing.";
      findings.push({ subject, state: "failed", message, hint });
    }
    if (!account.verified && own.options.team === undefined) {
      const message = "The account has no payment card: dynos and add-ons cannot be made.";
      findings.push({ subject, state: "failed", message, hint: "Add one at https://heroku.com/verify." });
    }
    return findings;
  } catch (error) {
    return [failed(subject, error)];
  }
}

async function teamFindings(own: Surroundings, context: Context): Promise<readonly DoctorFinding[]> {
  const { team } = own.options;
  if (team === undefined) return [];
  const subject = `team ${team}`;
  try {
    const found = await readTeam(own, context, team);
    if (
      found !== undefined &&
      found.role !== null &&
      found.role !== "viewer" &&
      found.role !== "collaborator"
    ) {
      return [{ subject, state: "ok", message: `The account is in it, as ${found.role}.` }];
    }
    const message =
      found === undefined
        ? "The account is not in it."
        : `The account is in it as ${found.role ?? "a guest"} only.`;
    return [
      { subject, state: "failed", message, hint: "Be invited to it as a member, or correct the name." },
    ];
  } catch (error) {
    return [failed(subject, error)];
  }
}

async function appFindings(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly DoctorFinding[]> {
  const name = appOf(own, scope);
  const subject = `app ${name}`;
  try {
    const [app, vars] = await Promise.all([
      readApp(own, context, scope),
      readConfigVars(own, context, scope),
    ]);
    if (app === undefined)
      return [{ subject, state: "ok", message: "Not there yet: the first `up` makes it." }];
    if (generationOf(app) === "fir") {
      return [
        { subject, state: "failed", message: `${firReason}.`, hint: "Use an app of the Cedar generation." },
      ];
    }
    if (isOurs(readMarker(vars), scope)) return [{ subject, state: "ok", message: "There, and ours." }];
    const hint = 'Choose another name with "app" of heroku(), or adopt it by word: deploy up --adopt.';
    return [{ subject, state: "warning", message: "There, and not made by Deploy.", hint }];
  } catch (error) {
    return [failed(subject, hasCode(error, "heroku.forbidden") ? nameTaken(name) : error)];
  }
}

async function limitFindings(own: Surroundings, context: Context): Promise<readonly DoctorFinding[]> {
  const left = await own.api.remaining(context);
  if (left >= scarce) return [];
  const hint = "75 come back each minute; stop whatever else uses this account's tokens.";
  return [
    {
      subject: "calls to heroku",
      state: "warning",
      message: `Only ${left} are left of 4,500 an hour.`,
      hint,
    },
  ];
}
