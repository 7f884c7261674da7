import type { CommandSpec } from "./types.js";

/** The command that starts the web console. */
export const CONSOLE_COMMANDS: readonly CommandSpec[] = [
  {
    name: "console",
    summary: "Start the web console: logs, releases, access, domains in the browser",
    description:
      "Shows every environment of the apps that are named, by default of the one here, and runs until Ctrl-C.\nThe URL goes to stdout; a link that signs in the first owner, once, within ten minutes, goes to stderr.\nNeeds @deploy/console: npm install --save-dev @deploy/console\n\nSign-in by GitHub: DEPLOY_CONSOLE_GITHUB_CLIENT_ID, _CLIENT_SECRET, _ORGANIZATIONS. By OpenID Connect:\nDEPLOY_CONSOLE_OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _NAME, _EMAIL_DOMAINS. Lists have commas between.",
    arguments: [
      {
        name: "app",
        description: "Directories or configuration files of apps",
        repeated: true,
        completion: "files",
      },
    ],
    flags: [
      {
        name: "config",
        short: "c",
        kind: "list",
        value: "file",
        description: "Configuration file of an app; repeatable",
        completion: "files",
      },
      {
        name: "port",
        kind: "text",
        value: "number",
        description: "Port (default: 4300; 0 takes a free one)",
      },
      {
        name: "host",
        kind: "text",
        value: "address",
        description: "Address to listen on (default: 127.0.0.1)",
      },
      {
        name: "public-url",
        kind: "text",
        value: "url",
        description: "Where browsers find it, such as https://console.example.org",
      },
      {
        name: "data",
        kind: "text",
        value: "directory",
        description: "Where everything is stored (default: ~/.local/share/deploy/console)",
        completion: "files",
      },
      { name: "open", kind: "switch", description: "Open the browser (default: where there is a terminal)" },
      { name: "no-open", kind: "switch", description: "Do not open the browser" },
      { name: "owner-link", kind: "switch", description: "Make a new sign-in link for the owner" },
      { name: "insecure", kind: "switch", description: "Serve plain HTTP on an address that others reach" },
      {
        name: "retention-days",
        kind: "text",
        value: "number",
        description: "How many days lines are kept (default: 14)",
      },
      {
        name: "retention-size",
        kind: "text",
        value: "size",
        description: "How much is kept per environment, such as 1 GB (default: 256 MB)",
      },
      {
        name: "shell",
        kind: "list",
        value: "app",
        description: "Allow shells in the browser for this app, or * for all; repeatable",
      },
      {
        name: "trusted-proxy",
        kind: "list",
        value: "address",
        description: "Address or network of a proxy whose X-Forwarded-For is believed; repeatable",
      },
    ],
    examples: [
      "deploy console",
      "deploy console ../shop ../blog/deploy.config.ts --retention-days 30",
      "deploy console --host 0.0.0.0 --public-url https://console.example.org --trusted-proxy 10.0.0.0/8",
    ],
  },
];
