import type { Call } from "./http.js";
import { newId, now } from "./ids.js";
import type { App } from "./state.js";

/** An app with nothing in it. */
export function newApp(
  call: Call,
  name: string,
  kind: { region: string; stack: string; generation: "cedar" | "fir" },
): App {
  const at = now();
  return {
    id: newId(),
    name,
    owner: { kind: "account", id: call.account.id },
    ...kind,
    buildStack: kind.stack,
    space: undefined,
    maintenance: false,
    acm: false,
    locked: false,
    internalRouting: false,
    webUrl: "",
    config: {},
    masked: new Set(),
    formation: [],
    releases: [],
    dynos: [],
    domains: [],
    sniEndpoints: [],
    collaborators: [],
    builds: [],
    logs: [],
    monitors: [],
    createdAt: at,
    updatedAt: at,
    releasedAt: at,
  };
}

/** The host name that Heroku gives each app. */
export function herokuDomain(app: App): App["domains"][number] {
  return {
    id: newId(),
    hostname: `${app.name}-${app.id.slice(0, 12).replace("-", "")}.herokuapp.com`,
    kind: "heroku",
    cname: null,
    status: "none",
    acmStatus: null,
    acmReason: null,
    sniEndpoint: null,
    createdAt: now(),
    updatedAt: now(),
  };
}
