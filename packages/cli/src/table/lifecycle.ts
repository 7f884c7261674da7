import { confirmFlag, PLAN_FLAGS, RELEASE_FLAGS } from "./flags.js";
import type { CommandSpec } from "./types.js";

/** Commands that change what is in service. */
export const LIFECYCLE_COMMANDS: readonly CommandSpec[] = [
  {
    name: "init",
    summary: "Write a deploy.config.ts from what is found here",
    description:
      "Looks at Procfile, Dockerfile, package.json, requirements.txt and manage.py. Never overwrites without --force.",
    flags: [
      { name: "name", kind: "text", value: "app", description: "Name of the app (default: the directory's)" },
      {
        name: "web",
        kind: "text",
        value: "command",
        description: "Command of the web process, where none is found",
      },
      { name: "force", kind: "switch", description: "Overwrite an existing file" },
    ],
    examples: ["deploy init", 'deploy init --name shop --web "node server.js"'],
  },
  {
    name: "import",
    summary: "Write a deploy.config.ts from another tool's files, or from a running app",
    description:
      "The provider that reads it has to be installed. Says what was inferred and what could not be carried over.\nNever overwrites without --force, and changes nothing at the vendor.",
    arguments: [
      {
        name: "source",
        description:
          "heroku reads heroku.yml, app.json and Procfile here; heroku:my-app reads the running app",
        required: true,
      },
    ],
    flags: [
      { name: "print", kind: "switch", description: "Print it instead of writing a file" },
      { name: "force", kind: "switch", description: "Overwrite an existing file" },
    ],
    examples: ["deploy import heroku", "deploy import heroku:my-app --print"],
  },
  {
    name: "plan",
    summary: "Show what `up` would change, and change nothing",
    flags: [
      ...PLAN_FLAGS,
      {
        name: "out",
        kind: "text",
        value: "file",
        description: "Write the plan, to apply later with `up --plan`",
        completion: "files",
      },
      { name: "exit-code", kind: "switch", description: "Answer with exit code 8 when there are changes" },
    ],
    examples: [
      "deploy plan -e production",
      "deploy plan -e production --out plan.json",
      "deploy plan --exit-code",
    ],
  },
  {
    name: "up",
    summary: "Put the app into service; the same again changes nothing",
    flags: [
      {
        name: "plan",
        kind: "text",
        value: "file",
        description: "Apply this plan and nothing else",
        completion: "files",
      },
      ...PLAN_FLAGS,
      ...RELEASE_FLAGS,
    ],
    examples: ["deploy up", "deploy up -e production --confirm production", "deploy up --plan plan.json"],
  },
  {
    name: "scale",
    summary: "Change the number of instances",
    arguments: [
      {
        name: "process=number",
        description: "How many instances of which process",
        required: true,
        repeated: true,
        completion: "processes",
      },
    ],
    examples: ["deploy scale web=3 worker=1"],
  },
  {
    name: "restart",
    summary: "Replace the instances, one after the other",
    arguments: [
      { name: "process", description: "Only this process (default: all)", completion: "processes" },
    ],
  },
  {
    name: "rollback",
    summary: "Put an earlier release into service again",
    arguments: [{ name: "release", description: "Its number (default: the one before the present)" }],
    flags: [
      { name: "to", kind: "text", value: "release", description: "Its number, as a flag" },
      ...PLAN_FLAGS.filter((flag) => flag.name !== "rerun-release"),
      ...RELEASE_FLAGS,
    ],
    examples: ["deploy rollback", "deploy rollback 12 -e production"],
  },
  {
    name: "promote",
    summary: "Release what is in service in another environment",
    arguments: [
      {
        name: "from",
        description: "Environment to take the image of",
        required: true,
        completion: "environments",
      },
      {
        name: "to",
        description: "Environment to put it into service in",
        required: true,
        completion: "environments",
      },
    ],
    flags: [...PLAN_FLAGS, ...RELEASE_FLAGS],
    examples: ["deploy promote staging production"],
  },
  {
    name: "down",
    summary: "Remove the environment, and prove it by looking",
    description:
      "What holds data is kept and listed, unless it is named with --delete-data or typed when asked.",
    flags: [
      confirmFlag("the name of the app"),
      {
        name: "delete-data",
        kind: "list",
        value: "names",
        description: "What may lose its data, by name, separated by commas; or `all`",
      },
      { name: "keep-logs", kind: "switch", description: "Keep the logs where the provider can" },
      { name: "break-lock", kind: "switch", description: "Take the deploy lock away from whoever holds it" },
    ],
    examples: ["deploy down", "deploy down --confirm shop --delete-data db,SECRET_KEY"],
  },
];
