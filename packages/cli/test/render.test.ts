import { DeployError, type EnvironmentStatus, type Plan } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { renderStatus } from "../src/commands/status.js";
import { exitCodeOf } from "../src/exit-codes.js";
import { renderError } from "../src/render/error.js";
import { createLogFormatter } from "../src/render/log-line.js";
import { neutralise, neutraliseLine } from "../src/render/neutralise.js";
import { renderPlan } from "../src/render/plan.js";
import { createStyle } from "../src/render/style.js";
import { renderTable } from "../src/render/table.js";
import { formatAge, formatBytes, formatSeconds } from "../src/render/units.js";
import { displayWidth, truncate } from "../src/render/width.js";
import { wantsColour } from "../src/terminal.js";

const plain = createStyle(false);

describe("width", () => {
  it("counts cells, not characters", () => {
    expect(
      ["abc", "日本", "é", "e\u0301", "👩‍👩‍👧", "한글", "\u001B[31mred\u001B[39m", "…"].map(displayWidth),
    ).toEqual([3, 4, 1, 1, 2, 4, 3, 1]);
  });

  it("cuts at cells and closes colours", () => {
    expect(truncate("日本語", 5)).toBe("日本…");
    expect(truncate("日本語", 4)).toBe("日…");
    expect(truncate("abc", 3)).toBe("abc");
    expect(truncate(createStyle(true).red("abcdef"), 4)).toBe("\u001B[31mabc…\u001B[0m");
  });
});

describe("a table", () => {
  const columns = [
    { title: "NAME", importance: 9 },
    { title: "MESSAGE", importance: 1 },
    { title: "SIZE", align: "right", importance: 8 },
  ] as const;
  const rows = [
    ["web", "日本語".repeat(20), "12"],
    ["worker", "short", "1234"],
  ];

  it.each([80, 40, 20])("fits %i columns, the least important one cut first", (width) => {
    const lines = renderTable(columns, rows, width, plain);
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
    expect(lines.join("\n")).toContain("worker");
    expect(lines.at(-1)).toMatch(/1234$/);
  });

  it("is not cut where a program reads it", () => {
    expect(renderTable(columns, rows, Number.MAX_SAFE_INTEGER, plain)[1]).toContain("日本語".repeat(20));
  });

  it("leaves out columns that say nothing", () => {
    expect(renderTable(columns, [["web", "", "1"]], 80, plain)[0]).toBe("NAME  SIZE");
  });
});

describe("text from outside", () => {
  it("moves no cursor, sets no title, copies nothing", () => {
    for (const text of [
      "\u001B]0;title\u0007",
      "\u001B[2J",
      "\u001B]52;c;aGk=\u0007",
      "\u009B31m",
      "a\rb",
      "\u202Eabc",
      "\b\b",
    ]) {
      for (const colours of [true, false]) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left.
        expect(neutralise(text, colours)).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202E]/);
      }
    }
  });

  it("keeps colours where they are wanted, and ends them", () => {
    expect(neutralise("\u001B[1;31mred", true)).toBe("\u001B[1;31mred\u001B[0m");
    expect(neutralise("\u001B[1;31mred", false)).toBe("red");
    expect(neutralise("\u001B[38:2::1:2:3mred", false)).toBe("red");
    expect(neutraliseLine("tab\tstays\r")).toBe("tab\tstays");
  });

  it("is neutralised in a log line, its names included", () => {
    const line = {
      time: "2026",
      process: "web",
      instance: "web.1\u001B[2J",
      stream: "stdout",
      text: "\u001B[2Jx",
      cursor: "",
    } as const;
    expect(createLogFormatter(plain, false)(line)).toBe("2026 web.1␛[2J | ␛[2Jx");
  });
});

describe("an error", () => {
  const view = { style: plain, debug: false, columns: 80 };
  const error = new DeployError({
    code: "containers.health-check-failed",
    message: "web did not become healthy.",
    hint: "Look at its log.",
    docs: "https://deploy.example/x",
    cause: new Error("connect ECONNREFUSED"),
  });

  it("is four lines", () => {
    expect(renderError(error, view)).toBe(
      "✖ web did not become healthy.\n  code  containers.health-check-failed\n  fix   Look at its log.\n  docs  https://deploy.example/x\n",
    );
  });

  it("leaves out what is absent", () => {
    expect(renderError(new DeployError({ code: "a.b", message: "No." }), view)).toBe("✖ No.\n  code  a.b\n");
  });

  it("shows its causes with --debug, and nothing of objects that are no errors", () => {
    expect(renderError(error, { ...view, debug: true })).toContain("caused by: Error: connect ECONNREFUSED");
    const odd = new DeployError({ code: "a.b", message: "No.", cause: { token: "hunter2" } });
    expect(renderError(odd, { ...view, debug: true })).not.toContain("hunter2");
  });

  it("lists every problem with file, line, path and hint, once", () => {
    const problems = [
      {
        message: "It is empty.",
        hint: "Say what to run.",
        location: { file: "a.ts", line: 3, path: "processes.web" },
      },
      { message: "Bad name." },
    ];
    const text = renderError(
      new DeployError({ code: "config.invalid", message: "2 problems: It is empty. Bad name.", problems }),
      view,
    );
    expect(text).toBe(
      "✖ 2 problems.\n  a.ts:3  processes.web  It is empty.  Say what to run.\n  Bad name.\n  code  config.invalid\n",
    );
  });

  it("lets no escape sequence through", () => {
    expect(renderError(new DeployError({ code: "a.b", message: "\u001B[2Jx" }), view)).toContain("␛[2Jx");
  });

  it("has an exit code", () => {
    const codes = [
      "config.invalid",
      "usage.x",
      "run.cancelled",
      "heroku.unauthorized",
      "account.mismatch",
      "down.confirmation-needed",
      "dns.apex",
    ];
    expect(codes.map(exitCodeOf)).toEqual([2, 2, 3, 4, 4, 2, 1]);
  });
});

describe("a plan", () => {
  const base = { provider: "fake", element: "containers", after: [], fields: [] } as const;
  const plan: Plan = {
    spec: 1,
    app: "shop",
    environment: "production",
    operation: "up",
    createdAt: "2026-01-01T00:00:00.000Z",
    identities: { fake: "acme" },
    changes: [
      {
        ...base,
        id: "1",
        label: "image",
        action: "create",
        verb: "build",
        fields: [{ path: "digest", unknown: true }],
      },
      {
        ...base,
        id: "2",
        label: "process web",
        action: "update",
        verb: "update",
        reason: "new image",
        fields: [{ path: "memory", from: 1, to: { a: [2] } }],
      },
      { ...base, id: "3", label: "database db", action: "delete", verb: "delete", holdsData: "database db" },
      { ...base, id: "4", label: "certificate", action: "wait", verb: "wait" },
    ],
    unchanged: 3,
    kept: [{ id: "5", label: "volume data", reason: "holds data" }],
    blocks: [{ id: "6", code: "dns.foreign-record", message: "It is not ours.", hint: "Adopt it." }],
    notes: ["Config and image are separate releases here."],
    desired: {},
  };

  it("reads like a difference", () => {
    expect(renderPlan(plan, { style: plain, columns: 80 })).toEqual([
      "shop in production (fake: acme)",
      "",
      "  + build image",
      "      digest: (known after apply)",
      "  ~ process web (new image)",
      '      memory: 1 → {"a":[2]}',
      "  - database db",
      "    loses the data of database db",
      "  … certificate",
      "",
      "Kept",
      "  = volume data: holds data",
      "",
      "Notes",
      "  ! Config and image are separate releases here.",
      "",
      "In the way",
      "  ✖ It is not ours. (dns.foreign-record)",
      "    Adopt it.",
      "",
      "1 in the way, 1 to create, 1 to update, 1 to delete, 1 to wait for, 3 unchanged.",
    ]);
  });

  it("fits 40 columns", () => {
    const lines = renderPlan(
      { ...plan, changes: plan.changes.map((change) => ({ ...change, label: "日本語 ".repeat(10) })) },
      { style: plain, columns: 40 },
    );
    expect(Math.max(...lines.slice(1, -1).map(displayWidth))).toBeLessThanOrEqual(40);
  });
});

describe("a status", () => {
  const status: EnvironmentStatus = {
    app: "shop",
    environment: "local",
    release: 4,
    urls: ["http://shop.localhost:4000"],
    servers: [],
    addons: [],
    jobs: [],
    processes: [
      {
        name: "web",
        desired: 1,
        instances: [
          {
            name: "web.1",
            state: "crash-loop",
            release: 4,
            since: "2026-01-01T00:00:00Z",
            restarts: 12,
            memory: 52_000_000,
            cpu: 12,
            problem: "exit code 1: Address already in use, and a long story",
          },
        ],
      },
      { name: "worker", desired: 0, instances: [] },
    ],
  };

  it.each([80, 60])("fits %i columns, state and name in full", (width) => {
    const lines = renderStatus(status, plain, width);
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
    expect(lines.join("\n")).toMatch(/web\.1 {5}crash-loop/);
    expect(lines.join("\n")).toMatch(/worker {4}scaled to 0/);
  });
});

describe("units", () => {
  it("are short", () => {
    expect([0.04, 9.94, 9.96, 59.6, 185, 7440].map(formatSeconds)).toEqual([
      "0.0 s",
      "9.9 s",
      "10 s",
      "1 min",
      "3 min 5 s",
      "2 h 4 min",
    ]);
    expect([0, 340, 1500, 52_000_000, 999_600_000].map(formatBytes)).toEqual([
      "0 B",
      "340 B",
      "1.5 KB",
      "52 MB",
      "1 GB",
    ]);
    expect(formatAge("2026-01-01T00:00:00Z", Date.parse("2026-01-01T02:59:00Z"))).toBe("2 h");
  });

  it("colours follow FORCE_COLOR, NO_COLOR and TERM", () => {
    expect(wantsColour({}, true)).toBe(true);
    expect(wantsColour({}, false)).toBe(false);
    expect(wantsColour({ NO_COLOR: "1" }, true)).toBe(false);
    expect(wantsColour({ TERM: "dumb" }, true)).toBe(false);
    expect(wantsColour({ FORCE_COLOR: "1", NO_COLOR: "1" }, false)).toBe(true);
    expect(wantsColour({ FORCE_COLOR: "0" }, true)).toBe(false);
  });
});
