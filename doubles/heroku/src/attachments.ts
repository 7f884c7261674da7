import type { Addons } from "./addons.js";
import { answer, type Call, identity, invalid, notFound, type Route, text } from "./http.js";
import { appOf, appRef, findApp, permissionsOf } from "./lookup.js";
import type { Attachment } from "./state.js";
import type { World } from "./world.js";

/** What ties add-ons to apps, shared ones too; and looking either up by a name that may be either's. */
export function attachmentRoutes(world: World, addons: Addons): Route[] {
  const { state } = world;
  const visible = (call: Call, one: Attachment): boolean => {
    const app = findApp(world, one.app);
    return app !== undefined && permissionsOf(world, app, call.account).length > 0;
  };
  const ofApp = (call: Call): Attachment[] => {
    const { id } = appOf(world, call);
    return state.attachments.filter((one) => one.app === id);
  };
  const byId = (call: Call): Attachment =>
    state.attachments.find((one) => one.id === call.params.attachment && visible(call, one)) ??
    notFound("add-on attachment");
  const show = (one: Attachment): unknown => describe(world, one);

  /** Add-ons or attachments that a name may mean: `app::NAME`, an attachment of the app, or an add-on's own name. */
  function resolve(call: Call, name: string): Attachment[] {
    const [first = "", second] = name.split("::");
    const app = findApp(world, second === undefined ? (text(call.body, "app") ?? "") : first);
    const wanted = second ?? first;
    const service = text(call.body, "addon_service");
    return state.attachments.filter((one) => {
      const addon = state.addons.find(({ id }) => id === one.addon);
      if (!visible(call, one) || (service !== undefined && addon?.service !== service)) return false;
      if (app !== undefined && one.app !== app.id) return false;
      const url = `${one.name}_URL`;
      return [one.id, one.name, url, addon?.name, addon?.id, addon?.service].some((word) => word === wanted);
    });
  }

  return [
    {
      method: "GET",
      path: "/addon-attachments",
      list: true,
      handle: (call) => answer(state.attachments.filter((one) => visible(call, one)).map(show)),
    },
    {
      method: "POST",
      path: "/addon-attachments",
      handle: (call) => {
        const addon = addons.find(call, identity(call.body, "addon") ?? "");
        const app = appOf(world, call, "operate", identity(call.body, "app") ?? "");
        const namespace = text(call.body, "namespace") ?? null;
        if (addon.state !== "provisioned") invalid("The add-on is not provisioned yet.");
        return answer(show(addons.attach(addon, app, text(call.body, "name"), namespace, call)), 201);
      },
    },
    { method: "GET", path: "/addon-attachments/{attachment}", handle: (call) => answer(show(byId(call))) },
    {
      method: "DELETE",
      path: "/addon-attachments/{attachment}",
      handle: (call) => {
        const found = byId(call);
        const shown = show(found);
        addons.detach(found, call);
        return answer(shown);
      },
    },
    {
      method: "GET",
      path: "/apps/{app}/addon-attachments",
      list: true,
      handle: (call) => answer(ofApp(call).map(show)),
    },
    {
      method: "GET",
      path: "/apps/{app}/addon-attachments/{attachment}",
      handle: (call) => {
        const name = call.params.attachment ?? "";
        return answer(
          show(
            ofApp(call).find((one) => one.id === name || one.name === name) ?? notFound("add-on attachment"),
          ),
        );
      },
    },
    {
      method: "GET",
      path: "/addons/{addon}/addon-attachments",
      list: true,
      handle: (call) => {
        const { id } = addons.find(call, call.params.addon ?? "");
        return answer(state.attachments.filter((one) => one.addon === id).map(show));
      },
    },
    {
      method: "POST",
      path: "/actions/addon-attachments/resolve",
      handle: (call) => {
        const found = resolve(call, text(call.body, "addon_attachment") ?? "");
        return found.length > 0 ? answer(found.map(show)) : notFound("add-on attachment");
      },
    },
    {
      method: "POST",
      path: "/actions/addons/resolve",
      shows: "add-on",
      handle: async (call) => {
        const found = [...new Set(resolve(call, text(call.body, "addon") ?? "").map((one) => one.addon))];
        if (found.length === 0) notFound("add-on");
        const route = addons.routes.find((one) => one.path === "/addons/{addon}");
        const shown = found.map((addon) => route?.handle({ ...call, params: { addon } }));
        return answer((await Promise.all(shown)).map((one) => one?.body));
      },
    },
  ];
}

function describe(world: World, one: Attachment): unknown {
  const addon = world.state.addons.find(({ id }) => id === one.addon);
  const app = findApp(world, one.app);
  const owner = addon && findApp(world, addon.app);
  return {
    addon: {
      id: one.addon,
      name: addon?.name ?? "gone",
      app: owner ? appRef(owner) : { id: one.app, name: "gone" },
    },
    app: app ? appRef(app) : { id: one.app, name: "gone" },
    created_at: one.createdAt,
    id: one.id,
    name: one.name,
    namespace: one.namespace,
    updated_at: one.createdAt,
    web_url: `https://addons-sso.heroku.com/apps/${one.app}/addons/${one.addon}`,
    log_input_url: null,
  };
}
