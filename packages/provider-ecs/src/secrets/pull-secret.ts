import { type PullCredentials, type Resource, redact, reveal, type Scope } from "@deploy/core";
import { idOf, providerName } from "../names.js";
import type { Finder } from "../owned.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { createManagerStore } from "./manager-store.js";
import type { StoredSecret } from "./store.js";

/** The stored login of a registry. */
export interface PullSecretObserved {
  /** What `repositoryCredentials.credentialsParameter` of a container is. */
  readonly arn: string;
}

/** A host as the name of a secret: `docker.io`, `127.0.0.1_5000`. */
function nameOf(registry: string): string {
  return registry.replace(/[^\w.-]/g, "_");
}

/**
 * The login of a registry that is not ECR, in Secrets Manager whatever the app's own secrets are kept in: ECS takes it from
 * nowhere else, as `{"username", "password"}` ("Private registry authentication for tasks").
 *
 * Without a login in this run, the stored one stays; without either, the plan is blocked (`images.no-credentials`).
 */
export function pullSecret(
  parts: Parts,
  scope: Scope,
  pull: PullCredentials,
): Resource<unknown, PullSecretObserved> {
  const store = createManagerStore(parts, "pull");
  const name = nameOf(pull.registry);
  const { login } = pull;
  const wanted =
    login && redact(JSON.stringify({ username: login.username, password: reveal(login.password) }));
  const observedOf = ({ location }: StoredSecret): PullSecretObserved => ({
    arn: location.replace(/:::[^:]*$/, ""),
  });
  return ecsResource<{ readonly registry: string }, PullSecretObserved & { readonly differs?: true }>(
    "secrets",
    {
      id: idOf(parts.settings, "secrets", scope, "pull", name),
      label: `login of ${pull.registry}`,
      verb: "store",
      desired: { registry: pull.registry },
      async read(context) {
        const [found, value] = await Promise.all([
          store.find(context, scope, name),
          wanted === undefined ? undefined : store.reveal(context, scope, name),
        ]);
        if (found === undefined) return undefined;
        if ("foreign" in found) return { foreign: true, description: found.description };
        const differs = wanted !== undefined && (value === undefined || reveal(value) !== reveal(wanted));
        return differs ? { ...observedOf(found), differs: true } : observedOf(found);
      },
      diff: (_desired, observed) =>
        observed.differs === true ? [{ path: "login", from: "<redacted>", to: "<redacted>" }] : [],
      blocked: (observed) =>
        observed !== undefined || wanted !== undefined
          ? undefined
          : {
              code: "images.no-credentials",
              message: `Tasks pull the image from ${pull.registry}, and there is no login for it.`,
              hint: "Set the variables of the registry's credentials, or say that it is public: registry(…, { public: true }).",
            },
      async create(context) {
        return observedOf(await store.put(context, scope, name, wanted!));
      },
      async update(context) {
        return observedOf(await store.put(context, scope, name, wanted!));
      },
    },
  ) as Resource<unknown, PullSecretObserved>;
}

/** Stored logins of registries: made from the variables of whoever deploys, so no data is lost with them. */
export function findPullSecrets(parts: Parts): Finder {
  const store = createManagerStore(parts, "pull");
  return async (context, scope) =>
    (await store.list(context, scope)).map(({ name }) => ({
      id: idOf(parts.settings, "secrets", scope, "pull", name),
      label: `login of ${name}`,
      provider: providerName,
      element: "secrets" as const,
      after: [idOf(parts.settings, "containers", scope)],
      remove: (own) => store.remove(own, scope, name),
    }));
}
