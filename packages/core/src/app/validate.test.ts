import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { defineApp } from "./define-app.js";
import { notesOf, problemsOf, refusal, web } from "./testing/validating.js";
import { validateApp } from "./validate.js";

describe("validateApp", () => {
  it("takes what defineApp returns, and plain JSON, and marks it", () => {
    const app = defineApp({
      name: "shop",
      processes: { web: { command: "x" } },
      environments: { production: {} },
    });
    expect(validateApp(app)).toEqual({ app, notes: [] });
    expect(
      validateApp(JSON.parse('{"name":"shop","processes":{"web":{"command":"x"}}}')).app["deploy.app"],
    ).toBe(1);
  });

  it("takes an app that has only jobs, and one with every option", () => {
    const jobs = { nightly: { command: ["./clean"], schedule: "0 3 * * *", timeZone: "Europe/Berlin" } };
    expect(validateApp({ name: "ab", jobs }).notes).toEqual([]);
    const process = {
      command: ["gunicorn", "app:app"],
      health: { path: "/healthz", every: "1 s", timeout: 500, startWithin: "1 min" },
      instances: 0,
      memory: "512 MB",
      cpu: 0.25,
      internal: false,
      port: 8080,
      volumes: { data: "var/data", cache: "/var/cache" },
      drain: "30 s",
      stopWithin: 0,
      config: { DEBUG: false, WORKERS: 3 },
    };
    const environments = {
      local: { release: false, jobs: { nightly: false } },
      "review/*": { config: { A: "b" } },
      "review/12": { protected: true, account: "acme", secrets: ["SENTRY_DSN"] },
      production: { domains: { "*.example.org": "web", "example.org": { redirect: "www.example.org" } } },
    };
    const app = {
      name: "shop",
      build: { args: { A: "b" } },
      processes: { web: process },
      jobs,
      environments,
    };
    expect(validateApp({ ...app, addons: { db: { kind: "postgres", extensions: ["x"] } } }).app.name).toBe(
      "shop",
    );
  });

  it("reports everything at once, with the line of each", () => {
    const text = [
      "export default defineApp({",
      '  name: "Shop",',
      "  processes: {",
      '    web: { command: "x",',
      '      memmory: "1 GB" },',
      "  },",
      "  environments: {",
      "    production: {",
      '      domains: { "example.org": "wbe" },',
      "    },",
      "  },",
      "});",
    ].join("\n");
    const value = {
      name: "Shop",
      processes: { web: { command: "x", memmory: "1 GB" } },
      environments: { production: { domains: { "example.org": "wbe" } } },
    };
    const error = refusal(value, { file: "deploy.config.ts", text });
    expect(error.message).toBe("3 things are wrong in deploy.config.ts.");
    expect(error.problems).toEqual([
      {
        message: '"Shop" cannot be the name of an app.',
        hint: 'Lower case letters, digits and hyphens, 2 to 30 characters, starting with a letter and not ending with a hyphen: "shop", say.',
        location: { file: "deploy.config.ts", line: 2, path: "name" },
      },
      {
        message: 'Unknown option "memmory" in processes.web.',
        hint: 'Did you mean "memory"?',
        location: { file: "deploy.config.ts", line: 5, path: "processes.web.memmory" },
      },
      {
        message: 'The domain example.org leads to "wbe", which is no process of this app.',
        hint: 'Did you mean "web"?',
        location: {
          file: "deploy.config.ts",
          line: 9,
          path: 'environments.production.domains["example.org"]',
        },
      },
    ]);
    expect(error.location).toEqual(error.problems[0]?.location);
  });

  it("says a single problem itself", () => {
    const error = refusal({ name: "shop", processes: { web }, relase: "x" });
    expect(error.message).toBe('Unknown option "relase".');
    expect(error.hint).toBe('Did you mean "release"?');
    expect(error.location).toEqual({ file: "defineApp", path: "relase" });
  });

  it.each([
    [undefined, "No app is exported."],
    [null, "The app has to be an object, but is null."],
    [[], "The app has to be an object, but is a list."],
    ["app", "The app has to be an object, but is text."],
    [() => 1, "A function was exported, not an app."],
    [Promise.resolve(), "A promise was exported, not an app."],
  ])("refuses %s as an app", (value, message) => {
    const error = refusal(value);
    expect(error.message).toBe(message);
    expect(error.hint).toBeDefined();
  });

  it("refuses an app without a name or without anything to run", () => {
    expect(refusal({}).problems.map((problem) => problem.message)).toEqual([
      "The app has no name.",
      "The app has no processes, so there is nothing to run.",
    ]);
    expect(refusal({ name: "shop", processes: {} }).location?.path).toBe("processes");
  });

  it("refuses a declaration for another version", () => {
    expect(problemsOf({ "deploy.app": 2 })[0]).toContain(
      "declared for version 2; this @deploy/core understands 1",
    );
  });
});

describe("validateApp, given anything", () => {
  const keys = fc.constantFrom(
    ...[
      "name",
      "deploy.app",
      "processes",
      "web",
      "command",
      "jobs",
      "addons",
      "kind",
      "domains",
      "a.example.org",
    ],
    ...["environments", "production", "config", "secrets", "build", "args", "redirect", "schedule", "target"],
  );
  const declaration = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.anything(),
      keys,
      tie("object"),
      fc.array(tie("node")),
    ),
    object: fc.dictionary(keys, tie("node")),
  }));

  it("returns, or throws config.invalid with problems that have a message and a place", () => {
    fc.assert(
      fc.property(fc.oneof(declaration.object, fc.anything()), (value) => {
        try {
          expect(validateApp(value).app["deploy.app"]).toBe(1);
        } catch (thrown) {
          if (!DeployError.is(thrown)) throw thrown;
          expect(thrown.code).toBe("config.invalid");
          expect(thrown.problems.length).toBeGreaterThan(0);
          for (const { message, location } of thrown.problems)
            expect([message, location?.file]).not.toContain("");
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("unknown options", () => {
  it.each([
    [{ processes: { web: { ...web, replicas: 2 } } }, 'It is called "instances" here.'],
    [{ processes: { web: { ...web, env: {} } } }, 'It is called "config" here.'],
    [{ environments: { production: { provider: 1 } } }, 'It is called "target" here.'],
    [{ processes: { web: { ...web, health: { path: "/", timout: 1 } } } }, 'Did you mean "timeout"?'],
    [{ build: { xyz: 1 } }, "Known: args, command, context, dockerfile, stage."],
    [{ constructor: 1 }, 'Unknown option "constructor". | Known: '],
  ])("%j", (members, hint) => {
    expect(problemsOf(members)[0]).toContain(hint);
  });
});

describe("names", () => {
  it.each(["a", "Shop", "9shop", "shop-", "a".repeat(31), "my_shop"])("refuses the app name %s", (name) => {
    expect(problemsOf({ name })[0]).toContain("cannot be the name of an app");
  });

  it("refuses process, job, add-on, volume and environment names", () => {
    const members = {
      processes: { Web_1: { ...web, volumes: { "My Data": "data" } }, release: web, run: web },
      jobs: { "Nightly Run": { command: "x", schedule: "0 3 * * *" } },
      addons: { DB: { kind: "postgres" } },
      environments: { Production: {}, "review/": {}, "review/*/x": {} },
    };
    expect(problemsOf(members)).toEqual([
      expect.stringMatching(/"Web_1" cannot be the name of a process\. .*: "web-1", say\.$/),
      expect.stringMatching(/"My Data" cannot be the name of a volume\. .*: "my-data", say\.$/),
      expect.stringMatching(/No process can be called "release".*release: "…"/),
      expect.stringMatching(/No process can be called "run".*Choose another name/),
      expect.stringMatching(/"Nightly Run" cannot be the name of a job\./),
      expect.stringMatching(/"DB" cannot be the name of an add-on\. .*: "db", say\.$/),
      expect.stringMatching(/"Production" cannot be the name of an environment/),
      expect.stringMatching(/"review\/" cannot be the name of an environment/),
      expect.stringMatching(/"review\/\*\/x" cannot be the name of an environment/),
    ]);
  });

  it("refuses names of variables, and those that a provider sets", () => {
    const members = { config: { "my-flag": 1, PORT: 8000 }, secrets: ["2FA", "A", "A", 7] };
    expect(problemsOf(members)).toEqual([
      expect.stringMatching(
        /^config\["my-flag"\] \| "my-flag" cannot be the name of a variable\. .*"MY_FLAG", say\.$/,
      ),
      "config.PORT | config.PORT: PORT is set by Deploy. | The provider chooses it; to fix it, set port on the process.",
      expect.stringMatching(/^secrets\[0\] \| "2FA" cannot be the name of a variable\. .*"_2FA", say\.$/),
      "secrets[2] | The secret A is listed twice. | Remove one of them.",
      "secrets[3] | secrets[3] has to be the name of a secret, but is a number. | ",
    ]);
  });
});

describe("values", () => {
  const process = (members: object): readonly string[] =>
    problemsOf({ processes: { web: { ...web, ...members } } });

  it.each([
    [{ command: "  " }, "processes.web.command is empty."],
    [{ command: [] }, "processes.web.command is empty."],
    [{ command: [1] }, "processes.web.command[0] has to be text, but is a number."],
    [
      { command: {} },
      "processes.web.command has to be a command: text, or a list of program and arguments, but is an object.",
    ],
    [{ command: undefined }, "processes.web has no command."],
    [{ health: "healthz" }, "processes.web.health has to be a path that starts with a slash."],
    [{ health: {} }, "processes.web.health has no path."],
    [{ instances: 1.5 }, "processes.web.instances is 1.5."],
    [{ instances: -1 }, "processes.web.instances is -1."],
    [{ instances: "2" }, "processes.web.instances has to be a number, but is text."],
    [{ memory: "1 GiB" }, 'processes.web.memory: "1 GiB" is not a size.'],
    [{ memory: 512 }, "processes.web.memory is 512 bytes, and nothing runs in that."],
    [{ cpu: 0 }, "processes.web.cpu is 0."],
    [{ internal: "yes" }, "processes.web.internal has to be true or false, but is text."],
    [{ port: 70_000 }, "processes.web.port is 70000."],
    [{ port: 0 }, "processes.web.port is 0."],
    [{ drain: "5 minutes" }, 'processes.web.drain: "5 minutes" is not a length of time.'],
    [{ volumes: { data: "../data" } }, "processes.web.volumes.data leaves the app's directory."],
    [{ volumes: { data: "a/../../b" } }, "processes.web.volumes.data leaves the app's directory."],
    [{ volumes: { data: "./" } }, "processes.web.volumes.data would cover the whole app."],
    [{ volumes: { data: "/" } }, "processes.web.volumes.data would cover the whole app."],
    [{ volumes: { data: "a\\b" } }, "processes.web.volumes.data has a backslash."],
    [{ volumes: { a: "data", b: "./data/" } }, "The volumes a and b are at the same path."],
    [{ config: { A: null } }, "processes.web.config.A has to be text, a number, true or false, but is null."],
  ])("%j", (members, message) => {
    expect(process(members)).toEqual([expect.stringContaining(`| ${message} |`)]);
  });

  it.each([
    [{ schedule: "0 25 * * *" }, 'jobs.nightly.schedule: Schedule "0 25 * * *": the hour "25" has 25'],
    [{ timeZone: "Berlin" }, 'There is no time zone "Berlin". | Did you mean "Europe/Berlin"?'],
    [{ timeZone: "europe/berlin" }, 'Did you mean "Europe/Berlin"?'],
    [{ timeZone: "Europe/Berlni" }, 'Did you mean "Europe/Berlin"?'],
    [{ timeZone: "+02:00" }, 'Write its IANA name, such as "Europe/Berlin", or "UTC".'],
  ])("job %j", (members, text) => {
    const jobs = { nightly: { command: "x", schedule: "0 3 * * *", ...members } };
    expect(problemsOf({ jobs })).toEqual([expect.stringContaining(text)]);
  });

  it("takes time zones by their old names too", () => {
    for (const timeZone of [
      "UTC",
      "Asia/Kolkata",
      "Asia/Calcutta",
      "US/Eastern",
      "America/Argentina/Ushuaia",
    ]) {
      expect(notesOf({ jobs: { nightly: { command: "x", schedule: "0 3 * * *", timeZone } } })).toEqual([]);
    }
  });

  it("refuses extensions of what has none", () => {
    const addons = { queue: { kind: "redis", extensions: ["pgcrypto"] } };
    expect(problemsOf({ addons })[0]).toContain("addons.queue lists extensions, and only postgres has them.");
  });
});

describe("references of an environment", () => {
  it("refuses overrides of what was not declared", () => {
    const production = { processes: { wbe: {} }, jobs: { nightly: false }, addons: { constructor: {} } };
    expect(problemsOf({ environments: { production } })).toEqual([
      'environments.production.processes.wbe | The app has no process "wbe" that production could override. | Did you mean "web"?',
      'environments.production.jobs.nightly | The app has no job "nightly" that production could override. | Declare it in jobs of the app first.',
      'environments.production.addons.constructor | The app has no add-on "constructor" that production could override. | Declare it in addons of the app first.',
    ]);
  });
});
