import { confirmFlag } from "./flags.js";
import type { ArgumentSpec, CommandSpec } from "./types.js";

const COMMAND_ARGUMENT: ArgumentSpec = {
  name: "command",
  description: "One argument runs in a shell of the app; several run as they are",
  required: true,
  repeated: true,
};
const ADDON_ARGUMENT: ArgumentSpec = {
  name: "addon",
  description: "Its name (default: the only one)",
  completion: "addons",
};

/** Commands that look at an environment, or work inside it. */
export const OPERATION_COMMANDS: readonly CommandSpec[] = [
  {
    name: "status",
    summary: "What is in service: URLs, instances, memory, CPU",
  },
  {
    name: "logs",
    summary: "Read or follow what the app prints",
    description:
      "Without a limit of your own the last 100 lines. `build` and `release` are processes, too: add --release <number>.",
    arguments: [
      { name: "process", description: "Only these processes", repeated: true, completion: "processes" },
    ],
    flags: [
      { name: "follow", short: "f", kind: "switch", description: "Go on with what comes" },
      {
        name: "since",
        kind: "text",
        value: "time",
        description: "From then on: 10m, 2h, 1d, or 2026-01-31T12:00",
      },
      { name: "until", kind: "text", value: "time", description: "Up to then" },
      { name: "release", kind: "text", value: "number", description: "Only of this release" },
      { name: "instance", kind: "text", value: "name", description: "Only of this instance, such as web.1" },
      { name: "grep", kind: "text", value: "text", description: "Only lines that contain this text" },
      { name: "last", short: "n", kind: "text", value: "number", description: "Only the last so many lines" },
    ],
    examples: ["deploy logs -f", "deploy logs web --since 10m --grep error", "deploy logs build --release 7"],
  },
  {
    name: "run",
    summary: "Run a one-off command in a fresh copy of the app",
    arguments: [COMMAND_ARGUMENT],
    flags: [
      {
        name: "process",
        kind: "text",
        value: "name",
        description: "Whose memory and volumes it has (default: web)",
        completion: "processes",
      },
      {
        name: "env",
        kind: "list",
        value: "NAME=value",
        description: "Extra config of this command; repeatable, never a secret",
      },
    ],
    passesThrough: true,
    examples: ["deploy run -- python manage.py createsuperuser", 'deploy run "echo $DATABASE_URL | wc -c"'],
  },
  {
    name: "exec",
    summary: "Run a command in an instance that serves",
    arguments: [COMMAND_ARGUMENT],
    flags: [
      {
        name: "instance",
        kind: "text",
        value: "name",
        description: "Which one, such as web.2 (default: the first)",
      },
      {
        name: "process",
        kind: "text",
        value: "name",
        description: "Any instance of this process",
        completion: "processes",
      },
      {
        name: "env",
        kind: "list",
        value: "NAME=value",
        description: "Extra config of this command; repeatable, never a secret",
      },
    ],
    passesThrough: true,
    examples: ["deploy exec -- sh", "deploy exec --instance worker.1 -- ps aux"],
  },
  {
    name: "releases",
    summary: "What was in service, newest first",
  },
  {
    name: "secrets set",
    summary: "Store a secret, from stdin, a file or a hidden prompt",
    arguments: [{ name: "name", description: "Its name, such as SECRET_KEY", completion: "secrets" }],
    flags: [
      {
        name: "from-file",
        kind: "text",
        value: "file",
        description: "Read the value from a file",
        completion: "files",
      },
      { name: "generate", kind: "switch", description: "Store a new random value of 32 bytes" },
      {
        name: "from-env-file",
        kind: "text",
        value: "file",
        description: "Store every NAME=value of a file; - is stdin",
        completion: "files",
      },
    ],
    examples: [
      "deploy secrets set SECRET_KEY --generate",
      "deploy secrets set API_TOKEN < token.txt",
      "deploy secrets set --from-env-file .env",
    ],
  },
  {
    name: "secrets unset",
    summary: "Forget a secret",
    arguments: [{ name: "name", description: "Its name", required: true, completion: "secrets" }],
    flags: [confirmFlag("the name of the app")],
  },
  {
    name: "secrets list",
    summary: "Names, versions and dates; never values",
  },
  {
    name: "secrets reveal",
    summary: "Print the value of one secret",
    arguments: [{ name: "name", description: "Its name", required: true, completion: "secrets" }],
  },
  {
    name: "addons list",
    summary: "Databases and other backing services",
  },
  {
    name: "addons connect",
    summary: "Open the add-on's own client, such as psql",
    arguments: [ADDON_ARGUMENT],
  },
  {
    name: "addons backup",
    summary: "Take a backup now",
    arguments: [ADDON_ARGUMENT],
  },
  {
    name: "addons backups",
    summary: "List the backups of an add-on",
    arguments: [ADDON_ARGUMENT],
  },
  {
    name: "addons restore",
    summary: "Put a backup in place of the present data",
    arguments: [
      { name: "addon", description: "Its name", required: true, completion: "addons" },
      { name: "backup", description: "Id of the backup, from `addons backups`", required: true },
    ],
    flags: [confirmFlag("the name of the app")],
  },
  {
    name: "doctor",
    summary: "Look for what would keep a deploy from working",
  },
  {
    name: "completion",
    summary: "Print a completion script for bash, zsh or fish",
    arguments: [{ name: "shell", description: "bash, zsh or fish", required: true, completion: "shells" }],
    examples: ["deploy completion bash > ~/.local/share/bash-completion/completions/deploy"],
  },
  {
    name: "help",
    summary: "Show help for a command",
    arguments: [
      { name: "command", description: "Name of the command", repeated: true, completion: "commands" },
    ],
  },
  {
    name: "access who",
    summary: "Who may do what with this app at the vendor",
  },
  {
    name: "access grant",
    summary: "Let a person in, with a role for this app",
    description: "Roles: viewer, deployer, operator, manager; each includes the ones before it.",
    arguments: [
      { name: "person", description: "As the vendor knows them, such as an e-mail address", required: true },
      { name: "role", description: "viewer, deployer, operator or manager", required: true },
    ],
    flags: [
      { name: "adopt", kind: "list", value: "id", description: "Take over a grant that Deploy did not make" },
    ],
    examples: ["deploy access grant maria@example.org deployer -e production"],
  },
  {
    name: "access revoke",
    summary: "Take a person off this app, or off every app at once",
    arguments: [{ name: "person", description: "As the vendor knows them", required: true }],
    flags: [
      {
        name: "everywhere",
        kind: "switch",
        description: "Off every app that these credentials reach",
      },
    ],
    examples: ["deploy access revoke maria@example.org -e production --everywhere"],
  },
  {
    name: "cost",
    summary: "What the environment costs in a month, and what that leaves out",
  },
];
