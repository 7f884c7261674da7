import {
  type Access,
  type AnyResource,
  type Context,
  DeployError,
  type Grant,
  type Handover,
  type Provider,
  type Redacted,
  type Resource,
  type Role,
  redact,
  type Scope,
} from "@deploy/core";
import type { AppAccess, Granted, PeopleList } from "../shared/access-types.js";
import { type ConsoleApi, createConsoleApi } from "./console-api.js";

/** Which console, and as whom. */
export interface ConsoleAccessOptions {
  /** `https://console.example.org`. Default: `DEPLOY_CONSOLE_URL`. */
  readonly url?: string;
  /** An API token with the role manager: for one app, or for `*` to revoke everywhere. Default: `DEPLOY_CONSOLE_TOKEN`. */
  readonly token?: Redacted;
  /** Sends the token over plain HTTP to another machine. Default false: refused. */
  readonly insecure?: boolean;
}

interface Held {
  readonly role: Role;
}

/** How a console is started, and where it gives out tokens. */
const docs = "https://www.npmjs.com/package/@deploy/console";

/** The name of this provider. A console leaves it out of its own deployers, or it would ask itself. */
const consoleProviderName = "console";

/**
 * The grants of a console, for `access` of an environment: `deploy access grant|who|revoke` then speaks to it.
 *
 * A console's grant is for an app in all its environments.
 */
export function consoleAccess(options: ConsoleAccessOptions = {}): Provider & { readonly access: Access } {
  const api = createConsoleApi({
    url: options.url,
    token: options.token,
    insecure: options.insecure === true,
  });
  /** Invitations that came of grants, until whoever granted is given them. */
  const invited: (Handover & { readonly app: string })[] = [];
  return {
    spec: 1,
    name: consoleProviderName,
    credentials: {
      url: {
        env: "DEPLOY_CONSOLE_URL",
        label: "address of the console",
        secret: false,
        required: options.url === undefined,
        docs,
      },
      token: {
        env: "DEPLOY_CONSOLE_TOKEN",
        label: "API token of the console",
        secret: true,
        required: options.token === undefined,
        docs,
      },
    },
    access: {
      capabilities: { roles: { viewer: true, deployer: true, operator: true, manager: true } },
      grants: (scope, grants) => ({
        resources: grants.map(
          (grant) =>
            grantResource(api, scope, grant, (one) =>
              invited.push({ app: scope.app, ...one }),
            ) as AnyResource,
        ),
      }),
      handovers: (scope) => {
        const given = invited.filter(({ app }) => app === scope.app);
        for (const one of given) invited.splice(invited.indexOf(one), 1);
        return given.map(({ person, what, secret }) => ({ person, what, secret }));
      },
      who: async (context, scope) =>
        (await appAccess(api, context, scope)).people.map(({ person, role }) => ({
          person: person.email,
          role,
        })),
      revoke: (context, person, scope) =>
        scope === undefined
          ? revokeEverywhere(api, context, person.toLowerCase())
          : revokeFrom(api, context, person.toLowerCase(), scope),
    },
  };
}

function grantResource(
  api: ConsoleApi,
  scope: Scope,
  { person, role }: Grant,
  onInvited: (handover: Handover) => void,
): Resource<Held, Held> {
  const email = person.toLowerCase();
  const give = async (context: Context): Promise<Held> => {
    // The vendor's own permissions are planned beside this one, by whoever asks.
    const body = { person: email, role, here: true };
    const { grant, invited } = await api.post<Granted>(context, `${pathOf(scope)}/grants`, body);
    if (invited !== undefined) {
      const days = Math.round((invited.expiresAt - context.clock.now()) / 86_400_000);
      const what = `this link, which lets them in once, within ${days} days`;
      onInvited({ person, what, secret: redact(invited.link) });
    }
    return { role: grant.role };
  };
  return {
    id: `${consoleProviderName}/access/${scope.app}/${email}`,
    label: `${role} ${email}`,
    provider: consoleProviderName,
    element: "access",
    desired: { role },
    read: async (context) => {
      const found = (await appAccess(api, context, scope)).people.find((one) => one.person.email === email);
      const own = found?.grants.find((grant) => grant.app === scope.app);
      // One that ends by itself is not what is wanted: granted anew, it stays.
      return own === undefined || own.expiresAt !== undefined ? undefined : { role: own.role };
    },
    blocked: () =>
      /^[^\s@]+@[^\s@]+$/.test(email)
        ? undefined
        : {
            code: "access.bad-person",
            message: `The console knows people by their e-mail address, and "${person}" is none.`,
            hint: "Name the person as maria@example.org.",
          },
    create: give,
    update: give,
  };
}

function appAccess(api: ConsoleApi, context: Context, scope: Scope): Promise<AppAccess> {
  const path = `${pathOf(scope)}/access`;
  return context.shared(`${consoleProviderName} ${path}`, () => api.get<AppAccess>(context, path));
}

function pathOf({ app }: Scope): string {
  return `/api/apps/${encodeURIComponent(app)}`;
}

async function revokeFrom(
  api: ConsoleApi,
  context: Context,
  email: string,
  scope: Scope,
): Promise<readonly string[]> {
  const { people } = await api.get<AppAccess>(context, `${pathOf(scope)}/access`);
  const grants = people.find(({ person }) => person.email === email)?.grants ?? [];
  const own = grants.find(({ app }) => app === scope.app);
  if (own === undefined) return [];
  const removed = await api.remove(context, `${pathOf(scope)}/grants/${encodeURIComponent(own.id)}`);
  return removed ? [scope.app] : [];
}

/** Off everything; a token for one app only does not see who is there. */
async function revokeEverywhere(
  api: ConsoleApi,
  context: Context,
  email: string,
): Promise<readonly string[]> {
  let people: PeopleList["people"];
  try {
    ({ people } = await api.get<PeopleList>(context, "/api/people"));
  } catch (cause) {
    if (!DeployError.is(cause) || cause.code !== "console.forbidden") throw cause;
    throw new DeployError({
      code: "access.not-revoked",
      message: `${email} may still have access in the console: this token may not take anybody off every app.`,
      hint: "Use a token for all apps (*) with the role manager, and run the same again.",
      cause,
    });
  }
  const found = people.find(({ person }) => person.email === email);
  if (found === undefined || found.person.revokedAt !== undefined) return [];
  const apps = found.grants.map(({ app }) => (app === "*" ? "every app" : app));
  const gone = await api.remove(context, `/api/people/${encodeURIComponent(found.person.id)}`);
  return gone ? (apps.length === 0 ? ["the console"] : apps) : [];
}
