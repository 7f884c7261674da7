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
  {
    name: "provider test",
    summary: "Try a built provider against the conformance kit",
    description:
      "Credentials come from the environment. What is tried is really made at the vendor, and removed: use an account\nfor tests. Fixtures, such as a zone, come from a file conformance.js beside the module.",
    arguments: [
      { name: "module", description: "Such as ./dist/index.js", required: true, completion: "files" },
    ],
    flags: [
      { name: "only", kind: "text", value: "text", description: "Only scenarios with this in their name" },
    ],
    examples: ["deploy provider test ./dist/index.js", "deploy provider test ./dist/index.js --only dns:"],
  },
];
