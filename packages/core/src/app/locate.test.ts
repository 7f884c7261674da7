import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { locate } from "./locate.js";

const source = `import { defineApp } from "@deploy/core";
// A comment with { braces } and a "quote
const shared = { secrets: ["A"] };
const pattern = /[{"/]\\/{/g;
const ratio = 4 / 2; /* { */

export default defineApp({
  name: "shop",
  build: { dockerfile: "Dockerfile" },
  processes: {
    web: { command: \`run \${{ a: "}" }.a} {\`, health: "/healthz" },
    "worker": {
      command: ["python",
        "queue.py"],
      memory: "1 GB",
    },
    ...shared.processes,
  },
  secrets: [
    "FIRST",
    "SECOND",
  ],
  quotes: /["}]/.test("}") ? 4 / 2 / 1 : 1, /* } don't
    } */ // } "
  [name]: "computed",
  picked: {
    inner: 1,
  }.inner,
  shorthand,
  method() { return { name: 1 }; },
  match: (x) => ({ inner: x }),
  environments: {
    production: {
      target: ecs({ domains: { "example.org": 1 } }),
      domains: {
        "example.org": "web",
        'www.example.org': {
          redirect: "example.org",
        },
      },
    } satisfies Environment,
    ["review/*"]: {
      release: false,
    },
  },
});
`;

const line = (...path: string[]): number | undefined => locate(source, "deploy.config.ts", path);
const lineOf = (text: string): number => source.slice(0, source.indexOf(text)).split("\n").length;

describe("locate in TypeScript", () => {
  it("finds keys at every depth", () => {
    expect(line("name")).toBe(lineOf('name: "shop"'));
    expect(line("build", "dockerfile")).toBe(lineOf("dockerfile:"));
    expect(line("processes", "web", "health")).toBe(lineOf("web: {"));
    expect(line("processes", "worker", "memory")).toBe(lineOf("memory:"));
    expect(line("environments", "production", "domains", "example.org")).toBe(lineOf('"example.org": "web"'));
    expect(line("environments", "production", "domains", "www.example.org", "redirect")).toBe(
      lineOf("redirect:"),
    );
    expect(line("environments", "review/*", "release")).toBe(lineOf("release: false"));
  });

  it("finds items of lists", () => {
    expect(line("secrets", "1")).toBe(lineOf('"SECOND"'));
    expect(line("processes", "worker", "command", "1")).toBe(lineOf('"queue.py"'));
  });

  it("gives the nearest line it knows when it cannot go on", () => {
    expect(line("processes", "spread", "command")).toBe(lineOf("processes: {"));
    expect(line("shorthand", "inner")).toBe(lineOf("shorthand,"));
    expect(line("environments", "production", "target", "domains")).toBe(lineOf("target: ecs("));
    expect(line("match", "inner")).toBe(lineOf("match:"));
    expect(line("picked", "inner")).toBe(lineOf("picked: {"));
    expect(line("unknown")).toBe(lineOf("export default"));
    expect(line()).toBe(lineOf("export default"));
  });

  it("takes the last of a key that is there twice, as JavaScript does", () => {
    expect(locate("export default {\n a: 1,\n a: 2,\n}", "c.mjs", ["a"])).toBe(3);
  });

  it("follows a name to the object it was given", () => {
    const text = 'const app = defineApp({\n  name: "x",\n  jobs: {},\n});\nexport default app;\n';
    expect(locate(text, "c.ts", ["jobs"])).toBe(3);
    const plain = 'const app = {\n  name: "x",\n} as const;\n\nexport default defineApp(app);\n';
    expect(locate(plain, "c.ts", ["name"])).toBe(2);
    const typed = 'const app: AppInput<"web"> = {\n  name: "x",\n};\nexport default app;\n';
    expect(locate(typed, "c.ts", ["name"])).toBe(2);
  });

  it("takes type arguments, module.exports and CRLF", () => {
    expect(locate('\ufeffexport default defineApp<"web">({\r\n  name: "x",\r\n});', "c.ts", ["name"])).toBe(
      2,
    );
    expect(locate("module.exports = {\n  name: 1,\n};", "c.js", ["name"])).toBe(2);
  });

  it("knows nothing of files it does not understand", () => {
    expect(locate("name: x", "deploy.yml", ["name"])).toBeUndefined();
    expect(locate("", "deploy.config.ts", ["name"])).toBeUndefined();
    expect(locate("console.log(1)", "deploy.config.ts", ["name"])).toBeUndefined();
  });
});

describe("locate in JSON", () => {
  it("is exact", () => {
    const text =
      '{\n  "name": "x",\n  "processes": {\n    "we\\u0062": {\n      "command": ["a",\n "b"] } } }';
    expect(locate(text, "deploy.json", ["name"])).toBe(2);
    expect(locate(text, "deploy.json", ["processes", "web", "command"])).toBe(5);
    expect(locate(text, "deploy.json", ["processes", "web", "command", "1"])).toBe(6);
  });

  it("finds every key of every document that JSON.stringify writes", () => {
    const document = fc.dictionary(
      fc.string({ minLength: 1 }),
      fc.oneof(fc.string(), fc.integer(), fc.dictionary(fc.string({ minLength: 1 }), fc.string())),
      { minKeys: 1 },
    );
    fc.assert(
      fc.property(document, (value) => {
        const text = JSON.stringify(value, null, 2);
        const lines = text.split("\n");
        for (const [key, inner] of Object.entries(value)) {
          const found = locate(text, "deploy.json", [key]);
          expect(lines[found! - 1]).toMatch(/^ {2}"/);
          expect(lines[found! - 1]!.startsWith(`  ${JSON.stringify(key)}:`)).toBe(true);
          if (typeof inner !== "object") continue;
          for (const name of Object.keys(inner)) {
            const at = locate(text, "deploy.json", [key, name])!;
            expect(lines[at - 1]!.startsWith(`    ${JSON.stringify(name)}:`)).toBe(true);
            expect(at).toBeGreaterThan(found!);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("locate never throws, never hangs, and stays inside the file", () => {
  const pieces = fc.constantFrom(
    "defineApp(",
    "export default ",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "`",
    "${",
    '"',
    "'",
    "/",
    "/*",
    "*/",
    "//",
    "\n",
    "\\",
    ",",
    ":",
    "...",
    "name",
    "a",
    " ",
    "<",
    ">",
    "=",
    "const app",
    "app",
    "\u2028",
    "😀",
    "1",
  );
  const paths = fc.array(fc.constantFrom("a", "name", "0", "1", "__proto__"), { maxLength: 4 });

  it.each(["c.ts", "c.mjs", "c.json"])("%s", (file) => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), paths, (parts, path) => {
        const text = parts.join("");
        const found = locate(text, file, path);
        if (found === undefined) return;
        expect(found).toBeGreaterThanOrEqual(1);
        expect(found).toBeLessThanOrEqual(text.split("\n").length);
      }),
      { numRuns: 3000 },
    );
  });

  it("takes long literals", () => {
    for (const piece of ["a", "\\\\a", "$", "$ {", "`"]) {
      const long = piece.repeat(100_000);
      for (const text of [`"${long}"`, `\`${long}\``, `/*${long}*/`, `/${long}/`, long]) {
        expect(locate(`export default {\na: ${text},\nb: 1 }`, "c.ts", ["a"])).toBe(2);
      }
    }
  });

  it("gives up on what nobody has written by hand", () => {
    expect(locate(`export default {\na: "${"a".repeat(2_000_000)}" }`, "c.ts", ["a"])).toBeUndefined();
  });

  it("takes linear time", () => {
    for (const piece of [
      "{",
      "`${",
      "defineApp(",
      '"',
      "/",
      "[{a:",
      "app = app;",
      "export default app; const app = app;",
    ]) {
      const started = performance.now();
      locate(piece.repeat(15_000), "c.ts", ["a", "a"]);
      locate(`export default {a:${piece.repeat(15_000)}`, "c.ts", ["a", "a"]);
      expect(performance.now() - started).toBeLessThan(10_000);
    }
  });
});
