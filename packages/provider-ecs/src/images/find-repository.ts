import type { Owned } from "@deploy/core";
import { unlessGone } from "../errors.js";
import { idOf, providerName } from "../names.js";
import type { Finder } from "../owned.js";
import type { Parts } from "../parts.js";
import { tagKey } from "../tags.js";
import { repositoryId, sharedRepository, userTag } from "./ecr-repository.js";

/**
 * The app's repository. It holds data, so nothing removes it unnamed; while another environment uses it, only this
 * environment's mark goes. A review app never removes it: its siblings are not told apart.
 */
export function findRepository(parts: Parts): Finder {
  return async (context, scope) => {
    const found = await sharedRepository(parts, context, scope);
    if (found === undefined || found.tags[tagKey.app] !== scope.app) return [];
    const own = userTag(scope);
    const isUsedBy = (tags: Readonly<Record<string, string>>): boolean =>
      Object.keys(tags).some((key) => key.startsWith(`${tagKey.environment}:`) && key !== own);
    const others = isUsedBy(found.tags);
    const owned = {
      id: repositoryId(parts, scope),
      provider: providerName,
      element: "images",
      after: [idOf(parts.settings, "containers", scope)],
    } as const;
    if (scope.environment.includes("/")) {
      return [{ ...owned, label: `repository ${found.name}`, shared: true, remove: async () => undefined }];
    }
    if (others) {
      if (found.tags[own] === undefined) return [];
      const untag: Owned = {
        ...owned,
        label: `mark of ${scope.environment} at the repository ${found.name}`,
        remove: async (own_) => {
          const input = { resourceArn: found.arn, tagKeys: [own] };
          await unlessGone(parts.clients.send(own_, "ecr", "UntagResource", input, { repeatable: true }));
        },
      };
      return [untag];
    }
    return [
      {
        ...owned,
        label: `repository ${found.name}`,
        holdsData: `images of ${scope.app}`,
        remove: async (own_) => {
          const input = { repositoryName: found.name, force: true };
          await unlessGone(parts.clients.send(own_, "ecr", "DeleteRepository", input, { repeatable: true }));
        },
      },
    ];
  };
}
