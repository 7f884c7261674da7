import { expect, it } from "vitest";
import { JAVA, NODE, PYTHON } from "../../test/web-fixture/hostile.js";
import type { Level, LogEntry } from "../shared/log-types.js";
import { createLevelReader } from "./continued-level.js";

const levels = (lines: readonly string[], stream: LogEntry["stream"] = "stdout"): Level[] => {
  const reader = createLevelReader();
  return lines.map((line) => reader.read("web.1 stdout", line, stream));
};

it.each([
  ["Python, chained", PYTHON],
  ["Node", NODE],
  ["Java", JAVA],
  [
    "an exception group",
    [
      "  + Exception Group Traceback (most recent call last):",
      '  |   File "/app/a.py", line 3, in <module>',
      "  | ExceptionGroup: several (1 sub-exception)",
      "  +-+---------------- 1 ----------------",
      "    | ValueError: one",
      "    +------------------------------------",
    ],
  ],
  [
    "a failure of Python that is named like nothing",
    ["Traceback (most recent call last):", '  File "a.py", line 1', "shop.Broken"],
  ],
])("all lines of a traceback are as grave as its head: %s", (_, lines) => {
  expect(new Set(levels(lines))).toEqual(new Set(["error"]));
  expect(new Set(levels(["INFO started", ...lines]).slice(1))).toEqual(new Set(["error"]));
  // What comes behind is itself again.
  expect(levels([...lines, "listening on 8000"]).at(-1)).toBe("none");
  expect(levels([...lines, "INFO listening"]).at(-1)).toBe("info");
  // The same in a build, where a line without a level counts as information.
  expect(new Set(levels(lines, "system"))).toEqual(new Set(["error"]));
});

it("what is indented below a line goes on from it, and keeps a level of its own", () => {
  expect(levels(["WARN two are left:", "  one", "  ERROR: two", "  three", "on"])).toEqual([
    ...(["warn", "warn", "error", "warn", "none"] as const),
  ]);
});

it("lines of another source do not come between", () => {
  const reader = createLevelReader();
  const read = (instance: string, text: string): Level => reader.read(`${instance} stdout`, text, "stdout");
  expect(read("web.1", "Traceback (most recent call last):")).toBe("error");
  expect(read("web.2", "listening")).toBe("none");
  expect(read("web.2", '  File "a.py", line 1')).toBe("none");
  expect(read("web.1", '  File "a.py", line 1')).toBe("error");
});

it("is not carried on by lines that nothing ties to it", () => {
  expect(levels(["ERROR it broke", "listening", "  indented"])).toEqual(["error", "none", "none"]);
  expect(levels(["ERROR it broke", "", "}"])).toEqual(["error", "none", "none"]);
});

it("goes on for 3,000 lines, and remembers a thousand sources", () => {
  const reader = createLevelReader();
  reader.read("first", "ERROR it broke", "stdout");
  for (let at = 0; at < 3_000; at++) expect(reader.read("first", "  more", "stdout")).toBe("error");
  expect(reader.read("first", "  more", "stdout")).toBe("none");
  reader.read("forgotten", "ERROR it broke", "stdout");
  for (let at = 0; at < 1_000; at++) reader.read(`web.${at}`, "ERROR it broke", "stdout");
  expect(reader.read("forgotten", "  more", "stdout")).toBe("none");
  expect(reader.read("web.999", "  more", "stdout")).toBe("error");
});
