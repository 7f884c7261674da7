import { environmentOverview, overviewFor, readOf } from "../../apps/overview.js";
import { costView } from "../../apps/views/cost.js";
import type { OverviewPart } from "../../shared/app-types.js";
import type { Route } from "../route.js";
import { badRequest, environmentOf, fieldsOf } from "./environment-of.js";

const parts = Object.keys(readOf) as readonly OverviewPart[];

/** A price is asked for again once it is older than this, milliseconds; the overview does so too. */
const costAgeMs = 6 * 60 * 60_000;

/** How long a browser waits for a refresh; what takes longer comes with the next look, milliseconds. */
const patienceMs = 20_000;

/** The overview, and one environment of it. */
export const appsRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/overview",
    action: "apps.list",
    handle: async ({ services, caller }) => Response.json(await overviewFor(services, caller)),
  },
  {
    method: "GET",
    path: "/api/apps/:app/environments/:environment",
    action: "app.read",
    handle: async (request) => {
      const environment = environmentOf(request);
      request.services.states.seen(environment);
      return Response.json(await environmentOverview(request.services, environment));
    },
  },
  {
    method: "POST",
    path: "/api/apps/:app/environments/:environment/refresh",
    action: "app.read",
    handle: async (request) => {
      const { services } = request;
      const environment = environmentOf(request);
      const wanted = partsOf((await fieldsOf(request, ["parts"])).parts);
      services.states.seen(environment);
      await within(
        services.states.refresh(
          environment,
          wanted.map((part) => readOf[part]),
        ),
        patienceMs,
      );
      return Response.json(await environmentOverview(services, environment));
    },
  },
  {
    method: "GET",
    path: "/api/apps/:app/environments/:environment/cost",
    action: "app.read",
    handle: async (request) => {
      const cost = await request.services.states.of(environmentOf(request)).cost.get(costAgeMs);
      return Response.json(costView(cost));
    },
  },
];

function partsOf(value: unknown): readonly OverviewPart[] {
  if (value === undefined) return parts;
  if (Array.isArray(value) && value.every((one): one is OverviewPart => parts.includes(one))) return value;
  throw badRequest(`"parts" has to be a list of ${parts.join(", ")}.`);
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]);
  clearTimeout(timer);
}
