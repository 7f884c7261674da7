import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findConfig } from "../src/config/find.js";
import { loadConfig } from "../src/config/load.js";
import { appName, detect } from "../src/init/detect.js";
import { configText } from "../src/init/write.js";
import { parseEnvFile } from "../src/input/env-file.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "deploy-config-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, text: string): string => {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
};
const load = (file?: string): ReturnType<typeof loadConfig> => loadConfig({ directory, file });
const failure = async (file?: string): Promise<DeployError> => {
  const error: unknown = await load(file).catch((thrown: unknown) => thrown);
  if (DeployError.is(error)) return error;
  throw new Error(`no DeployError: ${String(error)}`);
};

const APP = `import { defineApp } from "@deploy/core";
export default defineApp({ name: "shop", processes: { web: { command: "serve" } } });
`;

describe("finding", () => {
  it("goes upward, and stops at the root of the repository", async () => {
    const inner = join(directory, "a", "b");
    mkdirSync(inner, { recursive: true });
    write("deploy.config.ts", APP);
    expect((await findConfig(inner)).config).toBe(join(directory, "deploy.config.ts"));
    mkdirSync(join(directory, "a", ".git"));
    expect(await findConfig(inner)).toEqual({ searched: [inner, join(directory, "a")] });
  });

  it("says what it looked for, and where", async () => {
    mkdirSync(join(directory, ".git"));
    const error = await failure();
    expect(error.code).toBe("config.missing");
    expect(error.message).toContain(
      "deploy.config.ts, deploy.config.mts, deploy.config.js, deploy.config.mjs, deploy.config.json",
    );
    expect(error.message).toContain(directory);
    expect(error.hint).toContain("deploy init");
    expect((await failure("other.ts")).message).toContain(join(directory, "other.ts"));
  });

  it("takes a Procfile where there is nothing else, and says so", async () => {
    mkdirSync(join(directory, ".git"));
    write("Procfile", "web: node server.js\nrelease: node migrate.js\n");
    const { app, notes, file } = await load();
    expect(file).toBeUndefined();
    expect(Object.keys(app.processes)).toEqual(["web"]);
    expect(notes.at(-1)).toContain("deploy init");
  });
});

describe("loading", () => {
  it("runs TypeScript, JavaScript and JSON, with the core of this program where the project has none", async () => {
    for (const name of ["deploy.config.ts", "deploy.config.mts", "deploy.config.mjs"]) {
      expect((await load(write(name, APP))).app.name).toBe("shop");
    }
    const json = write(
      "deploy.config.json",
      '{ "name": "shop", "processes": { "web": { "command": "x" } } }',
    );
    expect((await load(json)).app.name).toBe("shop");
  });

  it("names file and line of a syntax error", async () => {
    const file = write("a.ts", "const a = 1;\n\nexport default { a: = 3 };\n");
    expect(await failure(file)).toMatchObject({ code: "config.syntax", location: { file, line: 3 } });
  });

  it("names file and line of JSON that is none", async () => {
    const file = write("a.json", '{\n  "name": "shop",\n  "processes": {,}\n}\n');
    const error = await failure(file);
    expect(error).toMatchObject({ code: "config.syntax", location: { file, line: 3 } });
  });

  it("names the line that threw", async () => {
    const file = write("a.ts", "const a: number = 1;\n\nthrow new Error('no luck');\nexport default a;\n");
    expect(await failure(file)).toMatchObject({ code: "config.failed", location: { file, line: 3 } });
  });

  it("says what is missing", async () => {
    expect(await failure(write("a.ts", "export const a = 1;\n"))).toMatchObject({
      code: "config.no-default-export",
    });
    const error = await failure(write("b.ts", 'import a from "@some/package/sub";\nexport default a;\n'));
    expect(error).toMatchObject({
      code: "config.missing-package",
      hint: "Run `npm install --save-dev @some/package`.",
    });
  });

  it("reports all problems at once, each with its line", async () => {
    const file = write(
      "a.ts",
      'import { defineApp } from "@deploy/core";\nexport default defineApp({\n  name: "Bad Name",\n  processes: {\n    web: { command: "" },\n  },\n});\n',
    );
    const error = await failure(file);
    expect(error.code).toBe("config.invalid");
    expect(error.problems.map(({ location }) => [location?.line, location?.path])).toEqual([
      [3, "name"],
      [5, "processes.web.command"],
    ]);
  });
});

describe("init", () => {
  it("writes what is found, and what it writes can be loaded", async () => {
    write(
      "Procfile",
      'web: gunicorn "app" --bind 0.0.0.0:$PORT\nworker: python run.py\nrelease: python manage.py migrate\n',
    );
    write("Dockerfile", "FROM scratch\n");
    write("requirements.txt", "Django==5\npsycopg2-binary>=2\nredis\n");
    const found = await detect(directory);
    const { app } = await load(write("deploy.config.ts", configText({ ...found, name: "shop" })));
    expect(app).toMatchObject({
      name: "shop",
      build: { dockerfile: "Dockerfile" },
      processes: {
        web: { command: 'gunicorn "app" --bind 0.0.0.0:$PORT' },
        worker: { command: "python run.py" },
      },
      release: "python manage.py migrate",
      addons: { db: { kind: "postgres" }, queue: { kind: "redis" } },
    });
  });

  it("makes a name that holds of any directory's", () => {
    expect(["My Shop", "42-shop", "日本", "", "a".repeat(40)].map(appName)).toEqual([
      "my-shop",
      "shop",
      "app",
      "app",
      "a".repeat(30),
    ]);
    fc.assert(fc.property(fc.string(), (text) => /^[a-z][a-z0-9-]{0,28}[a-z0-9]$/.test(appName(text))));
  });
});

describe("an env file", () => {
  it("is read as it is commonly written", () => {
    const text =
      '# comment\nexport A=1\nB = two words # note\nC=\'single $x\'\nD="line\\nbreak \\" q"\nE=\nF="a\nb"\n';
    expect(Object.fromEntries(parseEnvFile(text, ".env"))).toEqual({
      A: "1",
      B: "two words",
      C: "single $x",
      D: 'line\nbreak " q',
      E: "",
      F: "a\nb",
    });
  });

  it("names the line of a mistake, and never a value", () => {
    for (const text of ["A=1\nhunter2", "A=1\nB='hunter2", 'A=1\nB="x" hunter2']) {
      expect(() => parseEnvFile(text, ".env")).toThrow(/^\.env:2: /);
      expect(() => parseEnvFile(text, ".env")).not.toThrow(/hunter2/);
    }
  });

  it("either reads or refuses, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("A", "=", '"', "'", "\\", "\n", " ", "#", "é") }),
        (text) => {
          try {
            parseEnvFile(text, ".env");
          } catch (error) {
            expect(DeployError.is(error)).toBe(true);
          }
        },
      ),
    );
  });
});
