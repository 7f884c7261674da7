import type { Route } from "./route.js";
import { accountRoutes } from "./routes/account.js";
import { appsRoutes } from "./routes/apps.js";
import { auditRoutes } from "./routes/audit.js";
import { configRoutes } from "./routes/config.js";
import { domainsRoutes } from "./routes/domains.js";
import { grantRoutes } from "./routes/grants.js";
import { healthRoutes } from "./routes/health.js";
import { liveRoutes } from "./routes/live.js";
import { logsRoutes } from "./routes/logs.js";
import { peopleRoutes } from "./routes/people.js";
import { processesRoutes } from "./routes/processes.js";
import { releasesRoutes } from "./routes/releases.js";
import { runsRoutes } from "./routes/runs.js";
import { shellRoutes } from "./routes/shell.js";
import { signInRoutes } from "./routes/sign-in.js";
import { tokenRoutes } from "./routes/tokens.js";

/** Every route there is; nothing else is served but the pages and their files. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...signInRoutes,
  ...accountRoutes,
  ...tokenRoutes,
  ...peopleRoutes,
  ...grantRoutes,
  ...auditRoutes,
  ...appsRoutes,
  ...releasesRoutes,
  ...processesRoutes,
  ...configRoutes,
  ...domainsRoutes,
  ...logsRoutes,
  ...liveRoutes,
  ...runsRoutes,
  ...shellRoutes,
];
