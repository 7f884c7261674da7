import type { DeployEvent } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { createLineReporter } from "../src/render/line-reporter.js";
import { createLiveArea } from "../src/render/live.js";
import { createLiveReporter } from "../src/render/live-reporter.js";
import { createStepOutput } from "../src/render/progress-state.js";
import { createStyle } from "../src/render/style.js";
import { displayWidth } from "../src/render/width.js";
import { fakeOutput } from "./fake-output.js";

const plain = createStyle(false);
const at = (seconds: number): string => new Date(1_800_000_000_000 + seconds * 1000).toISOString();
const step = { id: "1", label: "image 日本語 with a label that is long", message: "" };
const events: readonly DeployEvent[] = [
  { ...step, type: "started", time: at(0), action: "create" },
  { ...step, type: "output", time: at(1), stream: "stdout", text: `layer \u001B[2J${"=".repeat(200)}` },
  { ...step, type: "waiting", time: at(2), seconds: 2, message: "waiting for the registry" },
  { ...step, type: "waiting", time: at(4), seconds: 4, message: "waiting for the registry" },
  { ...step, type: "waiting", time: at(18), seconds: 18, message: "waiting for the registry" },
  { ...step, type: "done", time: at(19), action: "create", seconds: 19 },
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: cursor movements are what is taken away.
const withoutMovements = (text: string): string => text.replace(/\u001B\[[?\d]*[A-Za-z]|\r/g, "");

describe("the live view", () => {
  it.each([40, 80])("never draws a line wider than %i columns", (columns) => {
    const output = fakeOutput({ columns });
    const reporter = createLiveReporter(output, plain);
    for (const event of events) reporter.event(event);
    reporter.close();
    const lines = withoutMovements(output.text()).split("\n");
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
    expect(lines.join("\n")).toContain("✓ image 日本語");
    expect(lines.join("\n")).toContain("␛[2J");
  });

  it("shows the whole output of a step that failed", () => {
    const output = fakeOutput();
    const reporter = createLiveReporter(output, plain);
    reporter.event({ ...step, type: "started", time: at(0), action: "create" });
    for (let line = 1; line <= 30; line++)
      reporter.event({ ...step, type: "output", time: at(1), stream: "stdout", text: `line ${line}` });
    reporter.event({
      ...step,
      type: "failed",
      time: at(2),
      error: { code: "a.b", message: "exit code 1", retryable: false },
    });
    reporter.close();
    const end = withoutMovements(output.text()).split("✖")[1] ?? "";
    expect(end).toContain("exit code 1\n    line 1\n    line 2\n");
    expect(end).toContain("line 30");
  });

  it("goes up by the rows that its lines take after the terminal became narrower", () => {
    let columns = 80;
    let written = "";
    const output = {
      ...fakeOutput(),
      columns: () => columns,
      write: async (text: string) => {
        written += text;
      },
    };
    const area = createLiveArea(output);
    area.draw(["x".repeat(79), "short"]);
    columns = 40;
    written = "";
    area.draw(["x"]);
    expect(written).toContain("\u001B[3A");
    area.close();
    expect(written.endsWith("\u001B[?25h")).toBe(true);
  });

  it("keeps a bounded part of endless output", () => {
    const output = createStepOutput();
    for (let line = 0; line < 25_000; line++) output.add("x".repeat(3000));
    expect(output.lines.length).toBeLessThan(10_000);
    expect(output.lines.length + output.dropped).toBe(25_000);
    expect(output.lines[0]?.length).toBeLessThan(2100);
  });
});

describe("lines", () => {
  it("come one for each event, without movement, and repeat a wait every 15 seconds only", async () => {
    const output = fakeOutput({ isTerminal: false });
    const reporter = createLineReporter(output, plain);
    for (const event of events) await reporter.event(event);
    expect(output.text().trim().split("\n")).toEqual([
      "→ image 日本語 with a label that is long",
      expect.stringMatching(/^ {2}image 日本語 with a label that is long \| layer ␛\[2J=/),
      expect.stringContaining("waiting for the registry"),
      expect.stringContaining("waiting for the registry"),
      "✓ image 日本語 with a label that is long  19 s",
    ]);
  });
});
