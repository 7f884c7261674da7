import type { AuditEntry } from "../../shared/access-types.js";

const WORDS: Readonly<Record<string, string>> = {
  "sign-in": "signed in",
  "sign-in.failed": "failed to sign in",
  "sign-in.throttled": "tried to sign in too often",
  "sign-out": "signed out",
  "access.grant": "gave a role",
  "access.revoke": "took a role away",
  "owner-link.make": "made a link for an owner",
  "people.invite": "invited",
  "people.join": "took an invitation",
  "account.link": "linked a way to sign in",
  "people.revoke": "revoked everywhere",
  "account.password": "set a password",
  "account.session-ended": "ended a session",
  "token.make": "made an API token",
  "token.end": "revoked an API token",
  "secrets.reveal": "revealed a secret",
  "shell.open": "opened a shell",
  "shell.close": "closed a shell",
  "rollback.start": "began a rollback",
  "rollback.done": "rolled back",
  "rollback.failed": "failed to roll back",
  "scale.start": "began to scale",
  "scale.done": "scaled",
  "scale.failed": "failed to scale",
  "restart.start": "began a restart",
  "restart.done": "restarted",
  "restart.failed": "failed to restart",
  "access.provider-granted": "gave the role at the provider",
  "access.provider-revoked": "took the role away at the provider",
  "access.provider-failed": "failed to change a permission at the provider",
};

/** An action of the audit log for a person; one that is not known stays as it is, with spaces. */
export function auditWords(action: string): string {
  return Object.hasOwn(WORDS, action) ? WORDS[action]! : action.replace(/[.-]/g, " ");
}

/** Whether somebody should look at it: attempts that failed, secrets that were read. */
export function isGrave(action: string): boolean {
  return /failed|throttled|refused|reveal|broken/.test(action);
}

/** Whether an entry holds all of these words somewhere, whatever their case. */
export function matchesAudit(entry: AuditEntry, words: string): boolean {
  const text = [
    entry.actor,
    entry.action,
    auditWords(entry.action),
    entry.app,
    entry.environment,
    entry.subject,
    entry.detail,
    entry.address,
  ]
    .filter((part) => part !== undefined)
    .join("\n")
    .toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
