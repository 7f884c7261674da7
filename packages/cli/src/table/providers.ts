import type { CommandSpec } from "./types.js";

/** Commands for those who write providers. */
export const PROVIDER_COMMANDS: readonly CommandSpec[] = [
  {
    name: "provider new",
    summary: "Start a provider: a package that builds and passes the kit",
    description: "Writes into a new or empty directory; nothing is ever overwritten.",
    arguments: [{ name: "name", description: "Of the provider, such as acme-dns", required: true }],
    flags: [
      {
        name: "directory",
        kind: "text",
        value: "place",
        description: "Where to (default: deploy-provider-<name>)",
        completion: "files",
      },
      {
        name: "element",
        kind: "text",
        value: "element",
        description: "What it implements: dns (default) or secrets",
      },
    ],
    examples: ["deploy provider new acme-dns", "deploy provider new acme-vault --element secrets"],
  },
];
