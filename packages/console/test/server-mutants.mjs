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
