import { reveal } from "@deploy/core";
import { actorOf } from "../../apps/operations.js";
import { providerFailure } from "../../apps/provider-failure.js";
import { addonViews, secretViews, variableViews } from "../../apps/views/config.js";
import { partOf } from "../../apps/views/part.js";
import type { ConfigView, RevealedSecret } from "../../shared/app-types.js";
import type { Route } from "../route.js";
import { environmentOf, notFound } from "./environment-of.js";

const base = "/api/apps/:app/environments/:environment";

/** Who looks at a page gets what was read within the last seconds, milliseconds: twenty viewers are one question. */
const freshMs = 5_000;

/** Names of config and secrets; a value only by a word of its own, which is written down. */
export const configRoutes: readonly Route[] = [
  {
    method: "GET",
    path: `${base}/config`,
    action: "app.read",
    handle: async (request) => {
      const { services } = request;
      const environment = environmentOf(request);
      services.states.seen(environment);
      const { deployer } = environment;
      const resolved = deployer.environment;
      const reads = services.states.of(environment);
      // What the app declares can be shown although the vendor does not answer: each read has its own failure.
      const nothing = (): void => undefined;
      await Promise.all([
        reads.releases.get(freshMs).catch(nothing),
        reads.secrets.get(freshMs).catch(nothing),
        reads.addons.get(freshMs).catch(nothing),
      ]);
      const active = reads.releases.snapshot().value?.find(({ state }) => state === "active");
      const secrets = reads.secrets.snapshot();
      const answer: ConfigView = {
        ...(active === undefined ? {} : { release: active.number }),
        variables: variableViews(resolved, active),
        secrets: partOf(secrets, (listed) => secretViews(resolved, listed, active), {
          now: services.now(),
          staleAfterMs: 2 * freshMs,
        }),
        reveal: resolved.providers.secrets.secrets?.capabilities.reveal ?? {
          no: `${resolved.providers.secrets.name} keeps no secrets`,
        },
        addons: addonViews(resolved, reads.addons.snapshot().value ?? []),
      };
      return Response.json(answer);
    },
  },
  {
    method: "POST",
    path: `${base}/secrets/:name/reveal`,
    action: "secrets.reveal",
    handle: async ({ services, params, caller, address }) => {
      const environment = environmentOf({ services, params });
      const { name = "" } = params;
      if (!/^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(name)) throw notFound("There is no such secret.");
      // Written down before it is read: nobody sees a value that the log does not know of.
      await services.access.audit({
        actor: actorOf(caller),
        address,
        action: "secrets.reveal",
        app: environment.app,
        environment: environment.environment,
        subject: name,
      });
      const secret = await environment.deployer.secrets.reveal(name).catch((thrown: unknown) => {
        throw providerFailure(thrown);
      });
      const answer: RevealedSecret = { name, value: reveal(secret) };
      return Response.json(answer, { headers: { "cache-control": "no-store" } });
    },
  },
];
