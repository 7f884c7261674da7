import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { filterFromQuery, filterToQuery, MAX_PAGE, pageFromQuery, pageToQuery } from "./filter-query.js";
import { LEVELS, type LogFilter } from "./log-types.js";

const name = fc.stringMatching(/^[a-z][a-z0-9.ü&=+ -]{0,20}$/);
const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 - 2 });

const filters: fc.Arbitrary<LogFilter> = fc
  .record(
    {
      processes: fc.array(name, { minLength: 1, maxLength: 5 }),
      instances: fc.array(name, { minLength: 1, maxLength: 5 }),
      releases: fc.array(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), {
        minLength: 1,
        maxLength: 5,
      }),
      streams: fc.uniqueArray(fc.constantFrom("stdout", "stderr", "system"), { minLength: 1 }),
      levels: fc.uniqueArray(fc.constantFrom(...LEVELS), { minLength: 1 }),
      relabels: fc.array(
        fc.record({ process: name, from: fc.constantFrom(...LEVELS), to: fc.constantFrom(...LEVELS) }),
        { minLength: 1, maxLength: 3 },
      ),
      since: time,
      until: time,
    },
    { requiredKeys: [] },
  )
  .map(({ since, until, ...rest }) => ({
    ...rest,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until: Math.max(until, (since ?? -1) + 1) }),
  }))
  .chain((filter) =>
    fc
      .option(
        fc.record({
          text: fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }),
          regex: fc.constantFrom(true, undefined),
          caseSensitive: fc.constantFrom(true, undefined),
          invert: fc.constantFrom(true, undefined),
        }),
        { nil: undefined },
      )
      .map((search) => ({
        ...filter,
        ...Object.fromEntries(Object.entries(search ?? {}).filter(([, value]) => value !== undefined)),
      })),
  ) as fc.Arbitrary<LogFilter>;

describe("a filter as query parameters", () => {
  test("comes back as it went, through the text of a URL", () => {
    fc.assert(
      fc.property(filters, (filter) => {
        const read = filterFromQuery(new URLSearchParams(filterToQuery(filter).toString()));
        expect(read).toEqual({ value: filter });
      }),
    );
  });

  test("so does a page", () => {
    const place = fc.oneof(
      fc.constant({}),
      ...(["after", "before", "around"] as const).map((key) =>
        fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map((seq) => ({ [key]: seq })),
      ),
      time.map((at) => ({ at })),
    );
    fc.assert(
      fc.property(filters, place, fc.integer({ min: 1, max: MAX_PAGE }), (filter, where, limit) => {
        const page = { filter, limit, ...where };
        expect(pageFromQuery(new URLSearchParams(pageToQuery(page).toString()))).toEqual({ value: page });
      }),
    );
  });

  test("whatever else is asked is a problem with a name, or a filter, and never thrown", () => {
    const parameters = fc.constantFrom(
      "process",
      "release",
      "level",
      "stream",
      "since",
      "after",
      "limit",
      "regex",
      "x",
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(parameters, fc.string({ unit: "binary" }))), (pairs) => {
        const read = pageFromQuery(new URLSearchParams(pairs));
        if (read.problem === undefined) return;
        expect(read.problem.message).toContain(`"${read.problem.parameter}"`);
        expect(read.problem.message).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });

  test.each([
    ["level=loud", "level", "fatal, error"],
    ["level=", "level", "fatal, error"],
    ["stream=stdin", "stream", "stdout, stderr, system"],
    ["release=0", "release", "number of a release"],
    ["release=1.5", "release", "number of a release"],
    ["release=-1", "release", "number of a release"],
    ["since=yesterday", "since", "whole number"],
    ["since=1e3", "since", "whole number"],
    ["since=8640000000000001", "since", "whole number"],
    ["since=5&until=5", "until", "later than since"],
    ["since=1&since=2", "since", "once only"],
    ["after=01", "after", "whole number"],
    ["after=9007199254740992", "after", "whole number"],
    ["after=%00", "after", "whole number"],
    ["after=1&before=2", "before", "together with after"],
    ["limit=0", "limit", "1 to 5000"],
    ["limit=5001", "limit", "5000"],
    ["process=", "process", "a name"],
    ["process=a%0ab", "process", "a name"],
    ["regex=yes", "regex", "0 or 1"],
    [`text=${"a".repeat(1001)}`, "text", "at most 1000"],
    [
      new URLSearchParams(Array.from({ length: 101 }, (): [string, string] => ["process", "web"])).toString(),
      "process",
      "100 times",
    ],
    ["colour=red", "colour", "not known here"],
  ])("%s is refused", (query, parameter, why) => {
    const read = pageFromQuery(new URLSearchParams(query));
    expect(read.problem?.parameter).toBe(parameter);
    expect(read.problem?.message).toContain(why);
  });
});
