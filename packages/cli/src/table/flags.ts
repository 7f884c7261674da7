import type { FlagSpec } from "./types.js";

/** Flags that every command understands. */
export const COMMON_FLAGS: readonly FlagSpec[] = [
  {
    name: "environment",
    short: "e",
    kind: "text",
    value: "name",
    description: "Environment to work on (default: local, this machine)",
    completion: "environments",
  },
  {
    name: "config",
    short: "c",
    kind: "text",
    value: "file",
    description: "Configuration file (default: deploy.config.* here or further up)",
    completion: "files",
  },
  {
    name: "cwd",
    kind: "text",
    value: "directory",
    description: "Work as if started in this directory",
    completion: "files",
  },
  { name: "json", kind: "switch", description: "Print data, events and errors as JSON on stdout" },
  { name: "no-input", kind: "switch", description: "Never ask; fail where an answer is needed" },
  { name: "debug", kind: "switch", description: "Show causes and stacks of errors" },
  { name: "help", short: "h", kind: "switch", description: "Show help" },
];

/** Confirms a step that cannot be taken back. */
export const confirmFlag = (what: string): FlagSpec => ({
  name: "confirm",
  kind: "text",
  value: "name",
  description: `Confirm without being asked: ${what}`,
});

/** Flags of everything that makes a plan. */
export const PLAN_FLAGS: readonly FlagSpec[] = [
  {
    name: "adopt",
    kind: "list",
    value: "id",
    description: "Take over a resource that Deploy did not make; repeatable",
  },
  { name: "force", kind: "switch", description: "Go over the deletion threshold" },
  {
    name: "delete-data",
    kind: "list",
    value: "names",
    description: "What may lose its data, by name, separated by commas",
  },
  {
    name: "rerun-release",
    kind: "switch",
    description: "Run the release command even if it has succeeded for this image",
  },
];

/** Flags of everything that puts a release into service. */
export const RELEASE_FLAGS: readonly FlagSpec[] = [
  confirmFlag("the name of a protected environment"),
  {
    name: "allow-dirty",
    kind: "switch",
    description: "Deploy changes that are not committed to a protected environment",
  },
  {
    name: "message",
    short: "m",
    kind: "text",
    value: "text",
    description: "What the release is about (default: the commit)",
  },
  {
    name: "lock-wait",
    kind: "text",
    value: "time",
    description: "How long to wait for the deploy lock, such as 60s (default: 0s)",
  },
  { name: "break-lock", kind: "switch", description: "Take the deploy lock away from whoever holds it" },
];
