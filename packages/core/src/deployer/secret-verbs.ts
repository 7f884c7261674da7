import { suggest } from "../app/edit-distance.js";
import type { Context } from "../context.js";
import type { Secrets } from "../elements/secrets.js";
import { DeployError } from "../errors.js";
import { unknownSecret } from "./compose.js";
import { requireElement, requireSupport } from "./providers.js";
import { guardedContext, type Session } from "./session.js";
import type { Deployer } from "./types.js";

/** What is done with the secrets of an environment. */
export function secretVerbs(session: Session): Deployer["secrets"] {
  const { environment, scope } = session;
  const provider = environment.providers.secrets;
  const element = (): Secrets => requireElement(provider, "secrets");

  // One that is no longer declared may still be there, and has to be found to be read or forgotten.
  const requireKnown = async (context: Context, name: string): Promise<void> => {
    if (environment.secrets.includes(name)) return;
    const stored = (await element().list(context, scope)).map((entry) => entry.name);
    if (stored.includes(name)) return;
    const known = [...new Set([...environment.secrets, ...stored])];
    throw new DeployError({
      code: "secrets.unknown",
      message: `There is no secret "${name}" in ${environment.name}.`,
      hint: suggest(name, known, "The app declares none."),
      details: { known },
    });
  };

  return {
    list: async () => {
      const entries = await element().list(await guardedContext(session), scope);
      return entries.map((entry) => ({ ...entry, declared: environment.secrets.includes(entry.name) }));
    },
    set: async (name, value) => {
      if (!environment.secrets.includes(name)) throw unknownSecret(environment, name);
      return element().set(await guardedContext(session), scope, name, value);
    },
    unset: async (name) => {
      const context = await guardedContext(session);
      await requireKnown(context, name);
      await element().unset(context, scope, name);
    },
    reveal: async (name) => {
      requireSupport(provider, "secrets", "show a secret again", element().capabilities.reveal);
      const context = await guardedContext(session);
      await requireKnown(context, name);
      return element().reveal(context, scope, name);
    },
  };
}
