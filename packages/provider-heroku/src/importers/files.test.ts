import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ImportResult } from "@deploy/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandOfDockerfile } from "./dockerfile.js";
import { importFiles } from "./files.js";

describe("importing a directory", () => {
  let directory: string;
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), "deploy-import-")), "Dedupe Service");
    mkdirSync(directory);
  });
  afterEach(() => rmSync(dirname(directory), { recursive: true, force: true }));

  const from = (files: Readonly<Record<string, string>>): Promise<ImportResult> => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    return importFiles(directory);
  };

  it("reads the whole of a heroku.yml", async () => {
    const { config, inferred, refused } = await from({
      Dockerfile: 'FROM python:3.12 AS base\nENTRYPOINT ["python"]\nCMD ["runserver.py"]\n',
      "heroku.yml": `setup:
  addons:
    - plan: heroku-postgresql:essential-1
    - plan: heroku-redis
      as: QUEUE
    - plan: papertrail
  config:
    LOG_LEVEL: info
    SECRET_KEY: abc
build:
  docker:
    web: Dockerfile
    worker: Dockerfile
    model: model/Dockerfile
  config:
    VERSION: 3
release:
  image: worker
  command:
    - alembic upgrade head
    - python warm_up.py
run:
  worker:
    image: web
    command: ["python", "run_queue.py"]
  Beat_2: celery beat
  oracle:
    image: model
    command: predict
`,
    });
    expect(config).toBe(
      `import { defineApp } from "@deploy/core";
import { heroku } from "@deploy/provider-heroku";

export default defineApp({
  name: "dedupe-service",
  build: { dockerfile: "Dockerfile", args: { VERSION: "3" } },
  processes: {
    web: { command: ["python","runserver.py"] },
    worker: { command: ["python","run_queue.py"] },
    "beat-2": { command: "celery beat" },
  },
  release: "alembic upgrade head && python warm_up.py",
  addons: {
    db: { kind: "postgres", plan: "essential-1" },
    redis: { kind: "redis", as: "QUEUE_URL" },
  },
  config: {
    LOG_LEVEL: "info",
  },
  secrets: ["SECRET_KEY"],
  environments: {
    production: { target: heroku() },
  },
});
`.replaceAll('","', '", "'),
    );
    expect(inferred.join("\n")).toMatch(
      /joined by &&[\s\S]*web is started as Dockerfile says[\s\S]*Beat_2 is called beat-2/,
    );
    expect(refused.map(({ line, reason }) => [line, reason.split(":")[0]])).toEqual([
      [6, expect.stringContaining("papertrail")],
      [14, expect.stringContaining("model is built from model/Dockerfile")],
      [28, expect.stringContaining("oracle is built from model/Dockerfile")],
    ]);
  });

  it("joins Procfile and app.json, with what Heroku has given up since", async () => {
    const { config, inferred, refused } = await from({
      Procfile: "web: gunicorn app:app\nworker: python queue.py\nrelease: python manage.py migrate\n",
      Dockerfile: "FROM scratch\n",
      "app.json": JSON.stringify(
        {
          name: "Anything",
          stack: "heroku-18",
          env: {
            SECRET_KEY: { generator: "secret" },
            DEBUG: "False",
            PORT: 80,
            HEROKU_APP_NAME: { required: true },
            OPTIONAL: { required: false },
            API_TOKEN: { value: "t0p" },
            BROKER: "amqp://me:pass@host/x",
          },
          formation: { web: { quantity: 2, size: "Hobby" }, worker: { quantity: 1, size: "standard-2x" } },
          addons: [
            { plan: "heroku-postgresql:hobby-dev", options: { version: "16", fork: "x" } },
            "scheduler:standard",
          ],
          scripts: { postdeploy: "rake seed", "pr-predestroy": "bye" },
          buildpacks: [{ url: "heroku/python" }],
          environments: {
            review: { formation: { worker: { quantity: 0 } }, env: { DEBUG: true } },
            test: {},
          },
        },
        undefined,
        2,
      ),
    });
    expect(config).toContain('db: { kind: "postgres", version: "16" },');
    expect(config).toContain('secrets: ["SECRET_KEY", "API_TOKEN", "BROKER"],');
    expect(config).toContain('target: heroku({ sizes: { web: "basic", worker: "standard-2x" } }),');
    expect(config).toContain("web: { instances: 2 },");
    expect(config).toMatch(
      /"review\/\*": \{\n +target: heroku\(\),\n +processes: \{\n +worker: \{ instances: 0 \}/,
    );
    expect(config).not.toMatch(/t0p|me:pass|OPTIONAL|PORT/);
    expect(inferred.join("\n")).toMatch(/hobby-dev cannot be ordered any more/);
    const reasons = refused.map(({ file, line, reason }) => `${file}:${line} ${reason}`).join("\n");
    for (const part of [
      "PORT is set",
      "HEROKU_APP_NAME is set",
      "Scheduler",
      "fork",
      "rake seed",
      "bye",
      "heroku/python",
      "Heroku CI",
    ]) {
      expect(reasons).toContain(part);
    }
    expect(reasons).not.toContain("undefined");
  });

  it("says what is missing where nothing says how the app is started", async () => {
    const { config, refused } = await from({ "heroku.yml": "build:\n  docker:\n    web: Dockerfile\n" });
    expect(config).toContain("// To be written: Dockerfile does not say how web is started.");
    expect(refused).toEqual([
      { file: "heroku.yml", line: 3, reason: expect.stringContaining("write its command") },
    ]);
  });

  it.each([
    ["heroku.yml", "build: [\n", "import.bad-manifest", 2],
    ["heroku.yml", "- web\n", "import.bad-manifest", 1],
    ["heroku.yml", "run:\n  web: a\n  web: b\n", "import.bad-manifest", 3],
    ["app.json", '{\n "env": {\n},,}', "import.bad-manifest", 3],
    ["app.json", "[]", "import.bad-manifest", 1],
    ["Procfile", "web\n", "config.bad-procfile", 1],
  ])("refuses a broken %s with its line: %j", async (name, text, code, line) => {
    await expect(from({ [name]: text })).rejects.toMatchObject({ code, location: { file: name, line } });
  });

  it("finds nothing to read, and reads nothing outside the directory", async () => {
    await expect(from({})).rejects.toMatchObject({ code: "import.nothing-found" });
    writeFileSync(join(directory, "../Dockerfile"), 'CMD ["outside"]');
    const { config } = await from({ "heroku.yml": "build: { docker: { web: ../Dockerfile } }" });
    expect(config).not.toContain("outside");
  });

  it("never fails otherwise, whatever stands in the files", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.constantFrom("heroku.yml", "app.json"), async (value, name) => {
        await from({ "heroku.yml": "run: { web: x }", [name]: JSON.stringify(value) }).catch(
          (error: unknown) => {
            expect(error).toMatchObject({ code: "import.bad-manifest" });
          },
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("what a Dockerfile starts", () => {
  it.each([
    ['FROM a\nCMD ["x", "y"]', ["x", "y"]],
    ["FROM a\ncmd x \\\n  # a comment\n  --y", "x    --y"],
    ['FROM a\nENTRYPOINT ["e"]\nCMD ["x"]', ["e", "x"]],
    ['FROM a\nENTRYPOINT ["e"]\nCMD x', ["e", "/bin/sh", "-c", "x"]],
    ["FROM a\nENTRYPOINT run me\nCMD x", "run me"],
    ['FROM a\nCMD ["old"]\nFROM b\nRUN y', undefined],
    ["FROM a\nCMD [not json", "[not json"],
  ])("%j", (text, command) => {
    expect(commandOfDockerfile(text)).toEqual(command);
  });

  it("looks at the stage that is asked for", () => {
    const text = 'FROM a AS one\nCMD ["1"]\nFROM b AS two\nCMD ["2"]';
    expect(commandOfDockerfile(text, "one")).toEqual(["1"]);
    expect(commandOfDockerfile(text, "two")).toEqual(["2"]);
  });
});
