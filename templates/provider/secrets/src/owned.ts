import type { Context, Owned, Scope } from "@deploy/core";
import type { Api } from "./api.js";
import { idOf, prefixOf } from "./names.js";

/** Every secret of a scope, and how it is removed: what a prune and `down` work on. */
export async function findSecrets(api: Api, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const prefix = prefixOf(scope);
  return (await api.list(context, prefix)).map(({ path }) => {
    const name = path.slice(prefix.length);
    return {
      id: idOf(scope, name),
      label: `secret ${name}`,
      provider: "nimbus-cloud",
      element: "secrets",
      holdsData: `secret ${name}`,
      remove: (later) => api.remove(later, path),
    };
  });
}
