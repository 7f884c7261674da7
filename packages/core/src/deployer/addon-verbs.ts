import type { Addons } from "../elements/addons.js";
import { underLease } from "./lease.js";
import { requireAddon } from "./names.js";
import { requireElement, requireSupport } from "./providers.js";
import { guardedContext, type Session } from "./session.js";
import type { Deployer } from "./types.js";

/** What is done with the add-ons of an environment. */
export function addonVerbs(session: Session): Deployer["addons"] {
  const { environment, scope } = session;
  const provider = environment.providers.addons;

  /** The element, once it is known that the add-on is declared and that the provider can do it. */
  const able = <Verb extends "backups" | "backup" | "restore" | "connect">(
    name: string,
    verb: Verb,
    what: string,
  ): Addons & Required<Pick<Addons, Verb>> => {
    requireAddon(environment, name);
    const addons = requireElement(provider, "addons");
    const { capabilities } = addons;
    const support = verb === "backups" ? capabilities.backup : capabilities[verb as "backup"];
    requireSupport(provider, "addons", what, support);
    const present = addons[verb] === undefined ? undefined : true;
    requireSupport(provider, "addons", what, present);
    return addons as Addons & Required<Pick<Addons, Verb>>;
  };

  return {
    status: async () => {
      if (environment.addons.length === 0) return [];
      return requireElement(provider, "addons").status(await guardedContext(session), scope);
    },
    backups: async (name) => {
      const addons = able(name, "backups", "list backups");
      return addons.backups(await guardedContext(session), scope, name);
    },
    backup: async (name) => {
      const addons = able(name, "backup", "take backups");
      return addons.backup(await guardedContext(session), scope, name);
    },
    restore: async (name, backup) => {
      const addons = able(name, "restore", "restore backups");
      const context = await guardedContext(session);
      // A deployment that migrates while its database is replaced would leave neither the old nor the new one.
      await underLease(session, { operation: "restore", signal: context.signal }, () =>
        addons.restore(context, scope, name, backup),
      );
    },
    connect: async (name) => {
      const addons = able(name, "connect", "open a connection");
      return addons.connect(await guardedContext(session), scope, name);
    },
  };
}
