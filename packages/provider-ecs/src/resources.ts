import type { ElementName, Resource } from "@deploy/core";
import { providerName } from "./names.js";

/** A resource of this provider, typed by its own data. */
export function ecsResource<Desired, Observed>(
  element: ElementName,
  resource: Omit<Resource<Desired, Observed>, "provider" | "element">,
): Resource<Desired, Observed> {
  return { provider: providerName, element, ...resource };
}
