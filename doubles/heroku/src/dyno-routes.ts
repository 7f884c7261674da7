import { findDynoSize } from "./dyno-sizes.js";
import { currentRelease, type Dynos } from "./dynos.js";
import { answer, type Call, invalid, part, type Route, refuse, text } from "./http.js";
import { appOf, appRef } from "./lookup.js";
import type { Rendezvous } from "./rendezvous.js";
import type { App, Dyno } from "./state.js";
import type { World } from "./world.js";

/** Dynos: list, run, stop, restart. */
export function dynoRoutes(world: World, dynos: Dynos, rendezvous: Rendezvous): Route[] {
  const find = (app: App, name: string): Dyno =>
    app.dynos.find((one) => one.name === name || one.id === name) ??
    refuse(404, "not_found", "Couldn't find that dyno.", { resource: "dyno" });
  const matches = (name: string) => (dyno: Dyno) => dyno.name === name || dyno.id === name;

  function run(call: Call): { app: App; dyno: Dyno } {
    const app = appOf(world, call, "deploy");
    const { body } = call;
    const command = text(body, "command") ?? invalid("A command is required.");
    const asked = text(body, "size") ?? app.formation.find((one) => one.type === "web")?.size ?? "Basic";
    const size = findDynoSize(asked) ?? invalid(`No such dyno size "${asked}".`);
    const timeToLive = typeof body.time_to_live === "number" ? body.time_to_live : undefined;
    if (timeToLive !== undefined && (timeToLive < 1 || timeToLive > 86_400))
      invalid("time_to_live must be between 1 and 86400 seconds.");
    if (currentRelease(app)?.artifact === undefined)
      refuse(422, "invalid_params", "Cannot run a process on an app that has no release with code.");
    const dyno = dynos.run(app, {
      command,
      type: text(body, "type") ?? "run",
      size,
      env: part(body, "env") as Record<string, string>,
      ...(timeToLive !== undefined && { timeToLive }),
      ...(body.attach === true && { attach: (_dyno, begin) => rendezvous.offer(begin) }),
    });
    return { app, dyno };
  }

  return [
    {
      method: "GET",
      path: "/apps/{app}/dynos",
      list: true,
      handle: (call) => {
        const app = appOf(world, call);
        return answer(app.dynos.map((dyno) => describeDyno(app, dyno)));
      },
    },
    {
      method: "POST",
      path: "/apps/{app}/dynos",
      handle: (call) => {
        const { app, dyno } = run(call);
        return answer(describeDyno(app, dyno), 201);
      },
    },
    {
      method: "GET",
      path: "/apps/{app}/dynos/{dyno}",
      handle: (call) => {
        const app = appOf(world, call);
        return answer(describeDyno(app, find(app, call.params.dyno ?? "")));
      },
    },
    {
      method: "DELETE",
      path: "/apps/{app}/dynos",
      handle: async (call) => {
        await dynos.restart(appOf(world, call, "operate"), (dyno) => dyno.type !== "run");
        return answer({}, 202);
      },
    },
    {
      method: "DELETE",
      path: "/apps/{app}/dynos/{dyno}",
      handle: async (call) => {
        const app = appOf(world, call, "operate");
        const { name } = find(app, call.params.dyno ?? "");
        await dynos.restart(app, matches(name));
        return answer({}, 202);
      },
    },
    {
      method: "DELETE",
      path: "/apps/{app}/formations/{type}",
      handle: async (call) => {
        await dynos.restart(appOf(world, call, "operate"), (dyno) => dyno.type === call.params.type);
        return answer({}, 202);
      },
    },
    {
      method: "POST",
      path: "/apps/{app}/dynos/{dyno}/actions/stop",
      handle: async (call) => {
        const app = appOf(world, call, "operate");
        const { name } = find(app, call.params.dyno ?? "");
        await dynos.stop(app, matches(name));
        return answer({}, 202);
      },
    },
    {
      method: "POST",
      path: "/apps/{app}/formations/{type}/actions/stop",
      handle: async (call) => {
        await dynos.stop(appOf(world, call, "operate"), (dyno) => dyno.type === call.params.type);
        return answer({}, 202);
      },
    },
  ];
}

/** A dyno as the API shows it. */
export function describeDyno(app: App, dyno: Dyno): unknown {
  return {
    app: appRef(app),
    attach_url: dyno.attachUrl,
    command: dyno.command,
    created_at: dyno.createdAt,
    id: dyno.id,
    name: dyno.name,
    release: dyno.release,
    size: dyno.size,
    state: dyno.state,
    type: dyno.type,
    updated_at: dyno.updatedAt,
  };
}
