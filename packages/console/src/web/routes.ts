import type { ComponentType } from "preact";
import type { PageProps } from "./components/index.js";

/** A page: its address, and the file that is loaded when it is opened. */
export interface PageRoute {
  readonly path: string;
  load(): Promise<{ readonly default: ComponentType<PageProps> }>;
  /** Shown without the header: signing in. */
  readonly bare?: boolean;
}

/** All pages; the first that fits is taken. */
export const PAGES: readonly PageRoute[] = [
  { path: "/", load: () => import("./pages/overview.js") },
  { path: "/sign-in", bare: true, load: () => import("./pages/sign-in.js") },
  { path: "/invitation", bare: true, load: () => import("./pages/invitation.js") },
  { path: "/apps/:app/access", load: () => import("./pages/access.js") },
  { path: "/apps/:app/:environment/logs", load: () => import("./pages/logs.js") },
  { path: "/apps/:app/:environment/releases", load: () => import("./pages/releases.js") },
  { path: "/apps/:app/:environment/processes", load: () => import("./pages/processes.js") },
  { path: "/apps/:app/:environment/config", load: () => import("./pages/config.js") },
  { path: "/apps/:app/:environment/domains", load: () => import("./pages/domains.js") },
  { path: "/apps/:app/:environment/runs", load: () => import("./pages/runs.js") },
  { path: "/apps/:app/:environment/shell", load: () => import("./pages/shell.js") },
  { path: "/domains", load: () => import("./pages/all-domains.js") },
  { path: "/people", load: () => import("./pages/people.js") },
  { path: "/audit", load: () => import("./pages/audit.js") },
  { path: "/account", load: () => import("./pages/account.js") },
];
