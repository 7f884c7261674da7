import { createHash } from "node:crypto";
import { DeployError, type ElementName, type Scope } from "@deploy/core";

/** First part of every resource id. */
export const providerName = "heroku";

/** What Heroku takes as the name of an app (Platform API schema, `app.name`). */
const appNamePattern = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/;
const longestAppName = 30;

/**
 * The name of a scope's app at Heroku, known before it exists: `dedupe-service-staging`, `dedupe-service-review-12`.
 *
 * What is too long or has characters that Heroku does not take ends in six characters of a hash, so that two scopes
 * never share a name by accident. Names are unique among all of Heroku; `app` of the options overrides this one.
 *
 * @throws `servers.bad-name` for an `app` that Heroku would not take.
 */
export function appNameOf(scope: Scope, override?: string): string {
  if (override !== undefined) {
    if (appNamePattern.test(override)) return override;
    throw new DeployError({
      code: "servers.bad-name",
      message: `Heroku takes no app named "${override}".`,
      hint: 'Set "app" of heroku() to 3 to 30 lower-case letters, digits and dashes, the first a letter, the last no dash.',
    });
  }
  const wanted = `${scope.app}-${scope.environment.replaceAll("/", "-")}`;
  if (appNamePattern.test(wanted)) return wanted;
  return hashedName(wanted, `${scope.app}\n${scope.environment}`, longestAppName);
}

/** A name of `length` characters at most that Heroku takes, ending in six characters of the hash of `identity`. */
export function hashedName(wanted: string, identity: string, length: number): string {
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, 6);
  const plain = wanted
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, length - hash.length - 1)
    .replace(/-+$/, "");
  return `${plain === "" ? "app" : plain}-${hash}`;
}

/** The id of a resource: `heroku/ingress/<app at Heroku>/domain/www.example.org`. */
export function idOf(element: ElementName, app: string, ...rest: readonly string[]): string {
  return [providerName, element, app, ...rest].join("/");
}
