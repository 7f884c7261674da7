import type { Route } from "./route.js";
import { appsRoutes } from "./routes/apps.js";
import { configRoutes } from "./routes/config.js";
import { domainsRoutes } from "./routes/domains.js";
import { healthRoutes } from "./routes/health.js";
import { liveRoutes } from "./routes/live.js";
import { logsRoutes } from "./routes/logs.js";
import { processesRoutes } from "./routes/processes.js";
import { releasesRoutes } from "./routes/releases.js";
import { runsRoutes } from "./routes/runs.js";

/** Every route there is; nothing else is served but the pages and their files. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...appsRoutes,
  ...releasesRoutes,
  ...processesRoutes,
  ...configRoutes,
  ...domainsRoutes,
  ...logsRoutes,
  ...liveRoutes,
  ...runsRoutes,
];
