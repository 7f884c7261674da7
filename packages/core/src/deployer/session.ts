import type { ResolvedEnvironment } from "../app/resolved.js";
import type { App } from "../app/types.js";
import type { Context } from "../context.js";
import type { Identity, Provider } from "../elements/provider.js";
import type { Scope } from "../elements/scope.js";
import { DeployError, type Problem } from "../errors.js";
import { callContext, type Surroundings } from "./context.js";

/** What every verb of one deployer works with. */
export interface Session {
  readonly app: App;
  readonly environment: ResolvedEnvironment;
  readonly scope: Scope;
  readonly surroundings: Surroundings;
  /** What is worth knowing about the declaration. */
  readonly notes: readonly Problem[];
  /** Accounts that were found to be the declared ones, by provider; asked once. */
  readonly identities: Map<Provider, Promise<Identity>>;
}

/** Whose credentials a provider has; asked once per deployer, and again after a failure. */
export function identityOf(session: Session, provider: Provider, context: Context): Promise<Identity> {
  const present = session.identities.get(provider);
  if (present !== undefined) return present;
  if (provider.identity === undefined) {
    throw new DeployError({
      code: "account.unknown",
      message: `The environment ${session.environment.name} declares an account, and ${provider.name} cannot say whose credentials it has.`,
      hint: 'Leave "account" of the environment out, or use a provider that knows its identity.',
    });
  }
  const asked = provider.identity(context);
  session.identities.set(provider, asked);
  asked.catch(() => session.identities.delete(provider));
  return asked;
}

/**
 * Makes sure that the credentials are those of the declared account, before anything else is asked or changed.
 *
 * @throws `account.mismatch`, `account.unknown`.
 */
export async function guardAccount(session: Session, signal?: AbortSignal): Promise<void> {
  const { account, name, providers } = session.environment;
  if (account === undefined) return;
  const context = callContext(session.surroundings, signal);
  const identity = await identityOf(session, providers.target, context);
  if (identity.account === account) return;
  throw new DeployError({
    code: "account.mismatch",
    message: `The environment ${name} belongs to the account ${account}, and these credentials are those of ${identity.label} (${identity.account}).`,
    hint: `Use credentials of ${account}, or correct "account" of the environment. Nothing was touched.`,
    details: { expected: account, actual: identity.account },
  });
}

/** The context of a plain call, once the account is known to be the right one. */
export async function guardedContext(session: Session, signal?: AbortSignal): Promise<Context> {
  await guardAccount(session, signal);
  return callContext(session.surroundings, signal);
}

/**
 * Makes sure that a protected environment is changed only on purpose: confirmed by its name.
 *
 * @throws `environment.confirmation-needed`
 */
export function guardConfirmation(environment: ResolvedEnvironment, confirm: string | undefined): void {
  if (!environment.protected || confirm === environment.name) return;
  throw new DeployError({
    code: "environment.confirmation-needed",
    message:
      confirm === undefined
        ? `The environment ${environment.name} is protected: it is changed only with a confirmation.`
        : `The confirmation "${confirm}" is not the name of the environment ${environment.name}.`,
    hint: `Confirm with its name: --confirm=${environment.name}.`,
    details: { environment: environment.name },
  });
}

/**
 * Makes sure that what goes into a protected environment can be found again in version control.
 *
 * @throws `environment.dirty-tree`
 */
export function guardCleanTree(
  environment: ResolvedEnvironment,
  source: { readonly dirty?: boolean },
  allowDirty: boolean | undefined,
): void {
  if (!environment.protected || source.dirty !== true || allowDirty === true) return;
  throw new DeployError({
    code: "environment.dirty-tree",
    message: `The tree has changes that are not committed, and the environment ${environment.name} is protected.`,
    hint: "Commit or stash them, or deploy them all the same with --allow-dirty.",
  });
}
