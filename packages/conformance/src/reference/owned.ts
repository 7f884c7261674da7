import type { Context, ElementName, Owned, OwnedOptions, Scope } from "@deploy/core";
import { listGrants } from "./access.js";
import { call, idOf, keyOf, listThings, remove, type Surroundings } from "./api.js";
import { listReleases, readServing } from "./releases.js";
import { listSecrets } from "./secrets.js";

/** Everything of ours in a scope: found by the owner that is written on it. */
export async function listOwned(
  own: Surroundings,
  context: Context,
  scope: Scope,
  options: OwnedOptions = {},
): Promise<readonly Owned[]> {
  const key = keyOf(scope);
  const [things, releases, secrets, { serving }, images, grants] = await Promise.all([
    listThings(own, context, scope),
    listReleases(own, context, scope),
    listSecrets(own, context, scope),
    readServing(own, context, scope),
    call<{ unused: string[] }>(own, context, "GET", ["images", scope.app], { query: { except: key } }),
    listGrants(own, context, scope),
  ]);
  const part = (
    element: ElementName,
    name: string,
    rest: Pick<Owned, "label" | "remove"> & Partial<Owned>,
  ): Owned => ({
    id: idOf(own, element, scope, name),
    provider: own.name,
    element,
    ...rest,
  });
  const processes = idOf(own, "containers", scope, "processes");
  const parts: Owned[] = things
    .filter((one) => one.owner === "deploy")
    .map(({ id, label, element, holdsData }) => ({
      id,
      label,
      provider: own.name,
      element: element as ElementName,
      ...(holdsData === undefined ? {} : { holdsData }),
      ...(element === "ingress" ? {} : { after: [processes] }),
      remove: (asked) => remove(own, asked, ["scopes", key, "things", id]),
    }));
  for (const { name } of secrets) {
    parts.push(
      part("secrets", name, {
        label: `secret ${name}`,
        holdsData: `secret ${name}`,
        after: [processes],
        remove: (asked) => remove(own, asked, ["scopes", key, "secrets", name]),
      }),
    );
  }
  for (const person of Object.keys(grants)) {
    parts.push(
      part("access", person, {
        label: `access of ${person}`,
        history: true,
        remove: (asked) => remove(own, asked, ["scopes", key, "grants", person]),
      }),
    );
  }
  if (serving !== null) {
    parts.push(
      part("containers", "processes", {
        label: "processes",
        after: [idOf(own, "ingress", scope, "routes")],
        remove: (asked) => remove(own, asked, ["scopes", key, "serving"]),
      }),
    );
  }
  if (releases.length > 0 && options.keepLogs !== true) {
    parts.push(
      part("containers", "release", {
        label: "releases",
        history: true,
        after: [processes],
        remove: (asked) => remove(own, asked, ["scopes", key, "releases"]),
      }),
    );
  }
  for (const digest of images.unused) {
    parts.push(
      part("images", digest.slice(7, 19), {
        id: idOf(own, "images", { app: scope.app, environment: "all" }, digest.slice(7, 19)),
        label: `image ${digest.slice(7, 19)}`,
        history: true,
        after: [processes],
        remove: (asked) => remove(own, asked, ["images", scope.app], { digest }),
      }),
    );
  }
  return parts;
}
