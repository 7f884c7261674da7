const limits = ["packages/console/src/http/limits.test.ts"];

/**
 * Faults of how much the server puts up with, and of the shell in the browser.
 *
 * @type {readonly import("../../../scripts/lib/mutant-plugin.mjs").Mutant[]}
 */
export const SERVER_MUTANTS = [
  {
    rule: "one person takes the sockets of all",
    file: "packages/console/src/http/socket-places.ts",
    find: "if (own >= socketsOfOne)",
    replace: "if (false)",
    tests: limits,
  },
  {
    rule: "sockets are opened without end",
    file: "packages/console/src/http/socket-places.ts",
    find: "if (all >= socketsInAll)",
    replace: "if (false)",
    tests: limits,
  },
  {
    rule: "a socket that was closed keeps its place",
    file: "packages/console/src/http/sockets.ts",
    find: 'socket.once("close", leave);',
    replace: "",
    tests: limits,
  },
  {
    rule: "a client that is gone keeps its socket",
    file: "packages/console/src/http/sockets.ts",
    find: "if (!alive) return socket.terminate();",
    replace: "",
    tests: limits,
  },
  {
    rule: "who is refused a socket keeps the connection",
    file: "packages/console/src/http/sockets.ts",
    find: "setTimeout(() => connection.destroy(), LINGER).unref();",
    replace: "",
    tests: limits,
  },
  {
    rule: "a route is served that is in no table",
    file: "packages/console/src/http/router.ts",
    find: "  app.notFound(",
    replace: '  app.get("/api/back-door", (context) => context.json({}));\n  app.notFound(',
    tests: ["packages/console/test/matrix.test.ts"],
  },
  {
    rule: "the matrix leaves a route out",
    file: "packages/console/test/matrix.test.ts",
    find: "describe.each(routes.map(",
    replace: "describe.each(routes.slice(1).map(",
    tests: ["packages/console/test/matrix.test.ts"],
  },
  {
    rule: "a ticket that has expired opens a shell",
    file: "packages/console/src/http/tickets.ts",
    find: "found.expiresAt > now() &&",
    replace: "",
    tests: ["packages/console/test/matrix.test.ts"],
  },
  {
    rule: "a socket stays open when the right to it has ended",
    file: "packages/console/src/http/sockets.ts",
    find: "const stopWatching = watch.watch(route, params, admission, end);",
    replace: "const stopWatching = () => undefined;",
    tests: ["packages/console/test/matrix.test.ts"],
  },
  {
    rule: "an environment that is not there fails behind the handshake",
    file: "packages/console/src/http/routes/runs.ts",
    find: "check: (request) => void environmentOf(request),",
    replace: "",
    tests: ["packages/console/test/malformed.test.ts"],
  },
  {
    rule: "output piles up for who says that it is drawn, and takes nothing",
    file: "packages/console/src/shell/shell-session.ts",
    find: "Math.max(undrawn, socket.bufferedAmount)",
    replace: "undrawn",
    tests: ["packages/console/test/shell-local.test.ts"],
  },
  {
    rule: "a shell that was left is said to have ended by itself",
    file: "packages/console/src/shell/shell-session.ts",
    find: "if (reason === undefined) return;",
    replace: 'if (reason === undefined) return stop({ reason: "exited" });',
    tests: ["packages/console/test/shell-local.test.ts"],
  },
  {
    rule: "a shell is open for ever without a key",
    file: "packages/console/src/shell/shell-session.ts",
    find: 'let idle = setTimeout(() => stop({ reason: "idle" }), limits.idleMs);',
    replace: "let idle = setTimeout(() => undefined, limits.idleMs);",
    tests: ["packages/console/test/shell-local.test.ts"],
  },
  {
    rule: "a shell is open for ever while somebody types",
    file: "packages/console/src/shell/shell-session.ts",
    find: 'const total = setTimeout(() => stop({ reason: "too-long" }), limits.totalMs);',
    replace: "const total = setTimeout(() => undefined, limits.totalMs);",
    tests: ["packages/console/test/shell-local.test.ts"],
  },
  {
    rule: "a shell keeps the size that it began with",
    file: "packages/console/src/shell/shell-session.ts",
    find: 'else if (command?.type === "resize") resize(command.columns, command.rows);',
    replace: "",
    tests: ["packages/console/test/shell-local.test.ts"],
  },
  {
    rule: "the end of a shell is not on the record",
    file: "packages/console/src/http/routes/shell.ts",
    find: '  await services.access.audit({ ...record, action: "shell.close", subject: instance, detail });\n',
    replace: "",
    tests: ["packages/console/test/shell-console.test.ts"],
  },
  {
    rule: "the instance of a ticket is given to another one",
    file: "packages/console/src/shell/shell-desk.ts",
    find: "      instances.delete(hash);\n      return found",
    replace: "      return found",
    tests: ["packages/console/src/shell/shell-desk.test.ts"],
  },
  {
    rule: "shells are opened without end",
    file: "packages/console/src/shell/shell-desk.ts",
    find: "if (open >= mostShells) return undefined;",
    replace: "",
    tests: ["packages/console/src/shell/shell-desk.test.ts"],
  },
  {
    rule: "the terminal comes with the page of the shell",
    file: "packages/console/src/web/pages/shell.tsx",
    find: 'import type { OpenShell } from "../parts/terminal.js";',
    replace:
      'import { type OpenShell, openShell as early } from "../parts/terminal.js";\nconsole.info(early);',
    tests: ["packages/console/test/web-size.test.ts"],
  },
  {
    rule: "a head that comes byte by byte is waited for",
    file: "packages/console/src/http/server.ts",
    find: "...{ headersTimeout, requestTimeout,",
    replace: "...{ headersTimeout: 0, requestTimeout: 0,",
    tests: limits,
  },
  {
    rule: "a body that comes byte by byte is waited for",
    file: "packages/console/src/http/server.ts",
    find: "...{ headersTimeout, requestTimeout,",
    replace: "...{ headersTimeout, requestTimeout: 0,",
    tests: limits,
  },
  {
    rule: "a download that nobody takes is kept open",
    file: "packages/console/src/http/server.ts",
    find: "server.timeout = limits.stalledTimeout;",
    replace: "",
    tests: limits,
  },
];
