import type { Scope } from "@deploy/core";

/** Where the secrets of a scope are. Nobody else writes below `deploy/`: the prefix is what makes them ours. */
export function prefixOf(scope: Scope): string {
  return `deploy/${encodeURIComponent(scope.app)}/${encodeURIComponent(scope.environment)}/`;
}

/** Id of the resource of a secret: known before the secret is, and another one in every environment. */
export function idOf(scope: Scope, name: string): string {
  return `nimbus-cloud/secrets/${scope.app}/${scope.environment}/${name}`;
}
