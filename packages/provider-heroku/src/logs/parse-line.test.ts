import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLines } from "./line-reader.js";
import { parseLine, placeOf } from "./parse-line.js";

const at = "2022-09-06T21:18:59.003757+00:00";

describe("parseLine", () => {
  it("takes time, source, emitter and text apart, and leaves the text as it is", () => {
    expect(parseLine(`${at} app[web.1]:  two blanks [x]: \u001b[31mred`)).toEqual({
      stamp: at,
      at: Date.parse("2022-09-06T21:18:59.003Z"),
      source: "app",
      emitter: "web.1",
      text: " two blanks [x]: \u001b[31mred",
    });
  });
  it("takes an empty text, and one without a blank before it", () => {
    expect(parseLine(`${at} app[web.1]:`)?.text).toBe("");
    expect(parseLine(`${at} app[web.1]: `)?.text).toBe("");
  });
  it("does not guess at half a line", () => {
    for (const line of ["", "59.003757+00:00 app[web.1]: x", `${at} app[web.`, `${at}`, "502 Bad Gateway"]) {
      expect(parseLine(line)).toBeUndefined();
    }
  });
  it("never throws, whatever comes", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseLine(`${at} app[web.1]: ${text}`);
        expect(parsed?.text).toBe(text);
        parseLine(text);
      }),
    );
  });
});

describe("placeOf", () => {
  const place = (line: string): string => {
    const { process, instance, stream } = placeOf(parseLine(`${at} ${line}`)!);
    return `${process} ${instance} ${stream}`;
  };
  it.each([
    ["app[web.1]: x", "web web.1 stdout"],
    ["app[my-worker.12]: x", "my-worker my-worker.12 stdout"],
    ["heroku[web.1]: State changed from starting to up", "web web.1 system"],
    ["app[release.4711]: migrating", "release release.4711 stdout"],
    ["app[run.9]: x", "run run.9 stdout"],
    ["app[api]: Release v29 created by user a@b.example", "release api system"],
    ["app[api]: Build started by user a@b.example", "build api system"],
    ['heroku[router]: at=info method=GET path="/?dyno=evil.1" dyno=web.2 status=200', "web web.2 system"],
    ['heroku[router]: at=error code=H10 desc="App crashed" dyno= connect= status=503', "web router system"],
    ["app[heroku-postgres]: sample#size=1", "heroku-postgres heroku-postgres stdout"],
  ])("%s", (line, expected) => expect(place(line)).toBe(expected));
});

describe("readLines", () => {
  const collect = async (pieces: readonly Uint8Array[]): Promise<string[]> => {
    const lines: string[] = [];
    for await (const line of readLines(
      (async function* () {
        yield* pieces;
      })(),
    ))
      lines.push(line);
    return lines;
  };
  it("is the same however the bytes are cut", async () => {
    const text = "grüße\r\n日本語 🚀\n\nlast";
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(Buffer.byteLength(text))), async (cuts) => {
        const bytes = Buffer.from(text);
        const places = [0, ...[...cuts].sort((one, other) => one - other), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        expect(await collect(pieces)).toEqual(["grüße", "日本語 🚀", "", "last"]);
      }),
    );
  });
  it("drops half a line when the stream is cut", async () => {
    const lines: string[] = [];
    const reading = (async () => {
      for await (const line of readLines(
        (async function* () {
          yield Buffer.from("whole\nhal");
          throw new Error("cut");
        })(),
      ))
        lines.push(line);
    })();
    await expect(reading).rejects.toThrow("cut");
    expect(lines).toEqual(["whole"]);
  });
  it("passes a line without end on in pieces", async () => {
    const lines = await collect([Buffer.from("x".repeat(200_000))]);
    expect(lines.join("")).toBe("x".repeat(200_000));
    expect(lines.length).toBeGreaterThan(1);
  });
});
