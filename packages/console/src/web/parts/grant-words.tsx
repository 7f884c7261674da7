import type { JSX } from "preact";
import type { ConsoleGrant } from "../../shared/access-types.js";
import { RelativeTime } from "../components/index.js";
import { plain } from "./plain.js";

/** `viewer of shop, expires in 3 days`; who gave it is said on hover. */
export function GrantWords({ grant }: { readonly grant: ConsoleGrant }): JSX.Element {
  const over = grant.expiresAt !== undefined && grant.expiresAt <= Date.now();
  return (
    <span title={`given by ${plain(grant.grantedBy)}`}>
      {grant.role} of {grant.app === "*" ? "all apps" : grant.app}
      {grant.expiresAt === undefined ? null : (
        <span class="muted">
          , {over ? "expired" : "expires"} <RelativeTime at={grant.expiresAt} />
        </span>
      )}
    </span>
  );
}
