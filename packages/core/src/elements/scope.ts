import type { AnyResource } from "../engine/resource.js";

/** The elements and optional powers that a provider may implement; traffic has three parts. */
export type ElementName =
  | "servers"
  | "images"
  | "containers"
  | "logs"
  | "secrets"
  | "ingress"
  | "dns"
  | "certificates"
  | "addons"
  | "access";

/** Which app, bound to which environment: everything a provider names or tags is named after these two. */
export interface Scope {
  readonly app: string;
  /** `local`, `staging`, `production`, or with a slash `review/12`. */
  readonly environment: string;
}

/** What an element wants to be there. */
export interface ElementPlan {
  readonly resources: readonly AnyResource[];
}
