import { checkDomains } from "./domains-check.js";
import { compareCopy, restoreZone, zoneCopies } from "./domains-copies.js";
import { domainsDiff } from "./domains-diff.js";
import { domainsStatus } from "./domains-status.js";
import type { Session } from "./session.js";
import type { Deployer } from "./types.js";

/** What is seen and done with the domains of an environment. */
export function domainsVerbs(session: Session): Deployer["domains"] {
  return {
    status: () => domainsStatus(session),
    diff: (options = {}) => domainsDiff(session, options),
    check: (options = {}) => checkDomains(session, options),
    copies: (zone) => zoneCopies(session, zone),
    compareCopy: (zone, copy) => compareCopy(session, zone, copy),
    restore: (zone, options) => restoreZone(session, zone, options),
  };
}
