import { randomInt } from "node:crypto";
import type { Databases } from "./databases.js";
import { describeAddon } from "./describe-addon.js";
import { answer, type Call, identity, invalid, notFound, part, type Route, refuse, text } from "./http.js";
import { newId, now } from "./ids.js";
import { appOf, findApp, permissionsOf, remove } from "./lookup.js";
import { findPlan, findService } from "./plans.js";
import type { Releases } from "./releases.js";
import type { Addon, App, Attachment } from "./state.js";
import { takeScript, type World } from "./world.js";

/** The add-ons of all apps. */
export interface Addons {
  readonly routes: Route[];
  destroy(addon: Addon, call: Call): Promise<void>;
  /** Attaches an add-on to an app: its config vars appear in a new release. */
  attach(addon: Addon, app: App, name: string | undefined, namespace: string | null, call: Call): Attachment;
  detach(attachment: Attachment, call: Call): void;
  find(call: Call, name: string): Addon;
}

/** Makes the family of add-ons. */
export function createAddons(world: World, releases: Releases, databases: Databases): Addons {
  const { state } = world;

  function publish(attachment: Attachment, addon: Addon, call: Call): void {
    const app = findApp(world, attachment.app);
    if (app === undefined) return;
    const vars = Object.entries(addon.vars).map(([key, value]) => [`${attachment.name}_${key}`, value]);
    app.config = { ...app.config, ...Object.fromEntries(vars) };
    releases.create(app, call.account, { description: `Attach ${attachment.name} (@ref:${addon.name})` });
  }

  function attach(
    addon: Addon,
    app: App,
    name: string | undefined,
    namespace: string | null,
    call: Call,
  ): Attachment {
    const taken = (one: string): boolean =>
      state.attachments.some((other) => other.app === app.id && other.name === one);
    const service = findService(addon.service);
    const standard = service?.attachment ?? "ADDON";
    const colours = [
      "AMBER",
      "BLACK",
      "BLUE",
      "BRONZE",
      "CHARCOAL",
      "COBALT",
      "COPPER",
      "CRIMSON",
      "CYAN",
      "GOLD",
    ];
    const spare = colours.map((one) => `${addon.service.toUpperCase().replaceAll("-", "_")}_${one}`);
    const chosen = name?.toUpperCase() ?? [standard, ...spare].find((one) => !taken(one)) ?? standard;
    if (taken(chosen)) {
      if (text(call.body, "confirm") !== app.name)
        refuse(
          423,
          "confirmation_required",
          `There is already an attachment named ${chosen} on ${app.name}.`,
        );
      remove(state.attachments, (one) => one.app === app.id && one.name === chosen);
    }
    const attachment = {
      id: newId(),
      name: chosen,
      addon: addon.id,
      app: app.id,
      namespace,
      createdAt: now(),
    };
    state.attachments.push(attachment);
    if (addon.state === "provisioned") publish(attachment, addon, call);
    return attachment;
  }

  function detach(attachment: Attachment, call: Call): void {
    remove(state.attachments, (one) => one === attachment);
    const addon = state.addons.find((one) => one.id === attachment.addon);
    const app = findApp(world, attachment.app);
    if (app === undefined) return;
    const gone = Object.keys(addon?.vars ?? {}).map((key) => `${attachment.name}_${key}`);
    app.config = Object.fromEntries(Object.entries(app.config).filter(([key]) => !gone.includes(key)));
    releases.create(app, call.account, { description: `Detach ${attachment.name} (@ref:${addon?.name})` });
  }

  async function provision(addon: Addon, call: Call): Promise<void> {
    const script = takeScript(
      world.scripts.addons,
      (one) => one.plan === addon.plan || one.plan === addon.service,
    );
    const wait = script?.milliseconds ?? world.delays.addonProvisioning;
    if (wait > 0) await new Promise<void>((resolve) => world.later(wait, resolve));
    const made = script?.ends === "fails" ? undefined : await databases.make(addon);
    if (!state.addons.includes(addon)) return databases.remove(addon);
    addon.updatedAt = now();
    if (made === undefined) {
      addon.state = "deprovisioned";
      remove(state.attachments, (one) => one.addon === addon.id);
      return;
    }
    addon.vars = made;
    addon.state = "provisioned";
    addon.provisionedAt = Date.now();
    for (const one of state.attachments.filter((other) => other.addon === addon.id))
      publish(one, addon, call);
  }

  async function create(call: Call): Promise<Addon> {
    const app = appOf(world, call, "operate");
    const { body, account } = call;
    const plan = findPlan(identity(body, "plan") ?? "");
    if (plan === undefined)
      return refuse(422, "invalid_params", "Couldn't find either the add-on service or the add-on plan.");
    const service = findService(plan.service);
    if (
      service &&
      !service.many &&
      state.addons.some((one) => one.app === app.id && one.service === service.name)
    )
      invalid(`An add-on of ${service.name} is already installed on ${app.name}.`);
    if (plan.dollars > 0 && !account.verified)
      refuse(402, "verification_required", `Please verify your account to install this add-on plan.`);
    const name = text(body, "name") ?? `${service?.prefix ?? "addon"}-double-${randomInt(10_000, 99_999)}`;
    if (state.addons.some((one) => one.name === name)) invalid(`Name ${name} is already taken.`);
    const config = part(body, "config") as Record<string, string>;
    const addon: Addon = {
      id: newId(),
      name,
      service: plan.service,
      plan: plan.name,
      app: app.id,
      state: "provisioning",
      config,
      vars: {},
      provisionedAt: 0,
      createdAt: now(),
      updatedAt: now(),
    };
    state.addons.push(addon);
    try {
      attach(addon, app, text(part(body, "attachment"), "name"), null, call);
    } catch (thrown) {
      remove(state.addons, (one) => one === addon);
      throw thrown;
    }
    // Only what needs no time at all is ready at once, as the services of third parties often are.
    const provisioned = provision(addon, call).catch((thrown: unknown) => void world.failures.push(thrown));
    if (!databases.takesTime(addon))
      await Promise.race([provisioned, new Promise((resolve) => setImmediate(resolve))]);
    return addon;
  }

  async function destroy(addon: Addon, call: Call): Promise<void> {
    for (const one of state.attachments.filter((other) => other.addon === addon.id)) detach(one, call);
    remove(state.addons, (one) => one === addon);
    addon.state = "deprovisioned";
    await databases.remove(addon);
  }

  function find(call: Call, name: string): Addon {
    const found = state.addons.find((one) => one.id === name || one.name === name);
    const app = found && findApp(world, found.app);
    if (found === undefined || app === undefined)
      return refuse(404, "not_found", "Couldn't find that add-on.", { resource: "addon" });
    const mine = permissionsOf(world, app, call.account).length > 0;
    return mine ? found : refuse(403, "forbidden", "You do not have access to that add-on.");
  }

  /** An add-on by its name, or by the name of its attachment to the app in the path. */
  function onApp(call: Call, needs: "view" | "operate"): Addon {
    const app = appOf(world, call, needs);
    const name = call.params.addon ?? "";
    const attached = state.attachments.find(
      (one) => one.app === app.id && one.name === name.toUpperCase(),
    )?.addon;
    const found = state.addons.find((one) => one.id === name || one.name === name || one.id === attached);
    const here =
      found &&
      (found.app === app.id || state.attachments.some((one) => one.addon === found.id && one.app === app.id));
    return found && here ? found : notFound("add-on");
  }

  function resize(call: Call): Addon {
    const addon = onApp(call, "operate");
    const plan = findPlan(identity(call.body, "plan") ?? "");
    if (plan === undefined) return invalid("Couldn't find either the add-on service or the add-on plan.");
    if (plan.service !== addon.service) invalid("An add-on can only change to a plan of the same service.");
    addon.plan = plan.name;
    addon.name = text(call.body, "name") ?? addon.name;
    addon.updatedAt = now();
    return addon;
  }

  const show = (call: Call, addon: Addon): unknown => describeAddon(world, addon, call);
  const of = (call: Call, apps: readonly App[]): unknown =>
    state.addons.filter((one) => apps.some((app) => app.id === one.app)).map((one) => show(call, one));
  return {
    destroy,
    attach,
    detach,
    find,
    routes: [
      {
        method: "POST",
        path: "/apps/{app}/addons",
        shows: "add-on",
        handle: async (call) => answer(show(call, await create(call)), 201),
      },
      {
        method: "GET",
        path: "/apps/{app}/addons",
        shows: "add-on",
        list: true,
        handle: (call) => {
          const { id } = appOf(world, call);
          const shared = state.attachments.filter((one) => one.app === id).map((one) => one.addon);
          return answer(
            state.addons
              .filter((one) => one.app === id || shared.includes(one.id))
              .map((one) => show(call, one)),
          );
        },
      },
      {
        method: "GET",
        path: "/apps/{app}/addons/{addon}",
        shows: "add-on",
        handle: (call) => answer(show(call, onApp(call, "view"))),
      },
      {
        method: "PATCH",
        path: "/apps/{app}/addons/{addon}",
        shows: "add-on",
        handle: (call) => answer(show(call, resize(call))),
      },
      {
        method: "DELETE",
        path: "/apps/{app}/addons/{addon}",
        shows: "add-on",
        handle: async (call) => {
          const addon = onApp(call, "operate");
          const shown = show(call, addon);
          await destroy(addon, call);
          return answer(shown);
        },
      },
      {
        method: "GET",
        path: "/addons",
        shows: "add-on",
        list: true,
        handle: (call) =>
          answer(
            of(
              call,
              state.apps.filter((app) => permissionsOf(world, app, call.account).length > 0),
            ),
          ),
      },
      {
        method: "GET",
        path: "/teams/{team}/addons",
        shows: "add-on",
        list: true,
        handle: (call) =>
          answer(
            of(
              call,
              state.apps.filter((app) => app.owner.kind === "team"),
            ),
          ),
      },
      {
        method: "GET",
        path: "/addons/{addon}",
        shows: "add-on",
        handle: (call) => answer(show(call, find(call, call.params.addon ?? ""))),
      },
      {
        method: "GET",
        path: "/addons/{addon}/config",
        list: true,
        handle: (call) =>
          answer(
            Object.entries(find(call, call.params.addon ?? "").config).map(([name, value]) => ({
              name,
              value,
            })),
          ),
      },
    ],
  };
}
