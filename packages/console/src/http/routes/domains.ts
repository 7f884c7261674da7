import { environmentDomains, visibleEnvironments } from "../../apps/overview.js";
import type { AllDomains } from "../../shared/app-types.js";
import type { Route } from "../route.js";
import { badRequest, environmentOf, fieldsOf } from "./environment-of.js";
import { causeOf } from "./visitor.js";

const base = "/api/apps/:app/environments/:environment";

/** Domains and certificates, and the provider's own permissions beside those of the console. */
export const domainsRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/domains",
    action: "apps.list",
    handle: async ({ services, caller }) => {
      const environments = await visibleEnvironments(services, caller);
      for (const environment of environments) services.states.seen(environment);
      const answer: AllDomains = {
        now: services.now(),
        environments: environments
          .filter(({ deployer }) => deployer.environment.domains.length > 0)
          .map((environment) => environmentDomains(services, environment)),
      };
      return Response.json(answer);
    },
  },
  {
    method: "GET",
    path: `${base}/domains`,
    action: "app.read",
    handle: async (request) => {
      const { services } = request;
      const environment = environmentOf(request);
      services.states.seen(environment);
      const read = services.states.of(environment).domains;
      // The first look is waited for; from then on the page shows how old it is, and has a button.
      if (read.snapshot().at === undefined) await read.refresh();
      return Response.json(environmentDomains(services, environment));
    },
  },
  {
    method: "POST",
    path: `${base}/domains/check`,
    action: "app.read",
    handle: async (request) => {
      const { services } = request;
      const environment = environmentOf(request);
      await services.states.refresh(environment, ["domains"]);
      return Response.json(environmentDomains(services, environment));
    },
  },
  {
    method: "GET",
    path: `${base}/vendor-access`,
    action: "access.read",
    handle: async (request) =>
      Response.json(await request.services.vendorAccess.drift(environmentOf(request))),
  },
  {
    method: "POST",
    path: `${base}/vendor-access/apply`,
    action: "access.grant",
    handle: async (request) => {
      const { services } = request;
      const environment = environmentOf(request);
      const { person, action } = await fieldsOf(request, ["person", "action"]);
      if (typeof person !== "string" || person === "" || person.length > 320) {
        throw badRequest('"person" has to be a name of at most 320 characters.');
      }
      if (action !== "grant" && action !== "revoke") {
        throw badRequest('"action" has to be "grant" or "revoke".');
      }
      await services.vendorAccess.apply(environment, person, action, causeOf(request));
      return Response.json(await services.vendorAccess.drift(environment));
    },
  },
];
