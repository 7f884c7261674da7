import type { CommandContext } from "./context.js";

/** What a command's file exports: it answers with the exit code. */
export interface CommandModule {
  run(context: CommandContext): Promise<number>;
}

/** The file of each command of the table, by name; only the one that runs is ever loaded. */
export const LOADERS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  init: () => import("./commands/init.js"),
  plan: () => import("./commands/plan.js"),
  up: () => import("./commands/up.js"),
  scale: () => import("./commands/scale.js"),
  restart: () => import("./commands/restart.js"),
  rollback: () => import("./commands/rollback.js"),
  promote: () => import("./commands/promote.js"),
  "provider new": () => import("./commands/provider-new.js"),
  "provider test": () => import("./commands/provider-test.js"),
  down: () => import("./commands/down.js"),
  status: () => import("./commands/status.js"),
  logs: () => import("./commands/logs.js"),
  run: () => import("./commands/run.js"),
  exec: () => import("./commands/exec.js"),
  releases: () => import("./commands/releases.js"),
  "secrets set": () => import("./commands/secrets-set.js"),
  "secrets unset": () => import("./commands/secrets-unset.js"),
  "secrets list": () => import("./commands/secrets-list.js"),
  "secrets reveal": () => import("./commands/secrets-reveal.js"),
  "addons list": () => import("./commands/addons-list.js"),
  "addons connect": () => import("./commands/addons-connect.js"),
  "addons backup": () => import("./commands/addons-backup.js"),
  "addons backups": () => import("./commands/addons-backups.js"),
  "addons restore": () => import("./commands/addons-restore.js"),
  "domains status": () => import("./commands/domains-status.js"),
  "domains diff": () => import("./commands/domains-diff.js"),
  "domains check": () => import("./commands/domains-check.js"),
  "domains copies": () => import("./commands/domains-copies.js"),
  "domains restore": () => import("./commands/domains-restore.js"),
  "access who": () => import("./commands/access-who.js"),
  "access grant": () => import("./commands/access-grant.js"),
  "access revoke": () => import("./commands/access-revoke.js"),
  console: () => import("./commands/console.js"),
  cost: () => import("./commands/cost.js"),
  import: () => import("./commands/import.js"),
  doctor: () => import("./commands/doctor.js"),
  completion: () => import("./commands/completion.js"),
  help: () => import("./commands/help.js"),
};
