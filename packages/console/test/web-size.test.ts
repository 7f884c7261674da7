import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPages } from "./web-fixture/build-apart.js";

/** Bytes of script, gzipped, that a browser may be asked to load before the shell is opened. */
const BUDGET = 60_000;

describe("what a browser has to load", () => {
  let pages: string;
  let scripts: ReadonlyMap<string, string>;

  beforeAll(async () => {
    pages = await buildPages();
    const assets = join(pages, "assets");
    const names = readdirSync(assets).filter((name) => name.endsWith(".js"));
    scripts = new Map(names.map((name) => [name, readFileSync(join(assets, name), "utf8")]));
  }, 60_000);
  afterAll(() => {
    if (pages !== undefined) rmSync(pages, { recursive: true, force: true });
  });

  /** A script and all that it imports at once. */
  const closure = (names: readonly string[]): Set<string> => {
    const all = new Set<string>();
    const add = (name: string): void => {
      if (all.has(name)) return;
      all.add(name);
      for (const [, found] of scripts.get(name)!.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g))
        add(found!);
    };
    for (const name of names) add(name);
    return all;
  };
  const size = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + gzipSync(scripts.get(name)!).length, 0);
  const entry = (): string =>
    /assets\/([\w.-]+\.js)/.exec(readFileSync(join(pages, "index.html"), "utf8"))![1]!;
  const named = (start: string): string => [...scripts.keys()].find((name) => name.startsWith(`${start}-`))!;

  it("the page of logs is less than 60 kB of script, gzipped", () => {
    const bytes = size(closure([entry(), named("logs"), named("match-worker")]));
    console.log(`frame ${size(closure([entry()]))} bytes, with the page of logs ${bytes}`);
    expect(bytes).toBeLessThan(BUDGET);
  });

  it("every page is less, too, and none loads the terminal before it is opened", () => {
    for (const name of scripts.keys()) {
      if (/^(?:terminal|xterm)/i.test(name)) continue;
      const loaded = closure([entry(), name]);
      const terminal = [...loaded].some((one) => scripts.get(one)!.includes("xterm-"));
      if (terminal && [...closure([name])].length === 1) continue;
      expect(size(loaded), name).toBeLessThan(BUDGET);
    }
  });

  it("no page asks for a dozen small files one behind the other", () => {
    const first = closure([entry()]);
    for (const name of scripts.keys()) {
      const more = [...closure([name])].filter((one) => !first.has(one));
      expect(more.length, `${name}: ${more.join(" ")}`).toBeLessThanOrEqual(8);
    }
    const html = readFileSync(join(pages, "index.html"), "utf8");
    for (const name of first) expect(html).toContain(name);
  });

  it("comes from nowhere else, and has no script or style in the page itself", () => {
    const html = readFileSync(join(pages, "index.html"), "utf8");
    expect(html).not.toMatch(/https?:|<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  });

  it("no source makes elements of text, or text of styles", () => {
    const root = fileURLToPath(new URL("../src/web", import.meta.url));
    for (const file of readdirSync(root, { recursive: true, encoding: "utf8" })) {
      if (!/\.tsx?$/.test(file) || file.includes(".test.")) continue;
      const text = readFileSync(join(root, file), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
      expect(text, file).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(|\sstyle="/i,
      );
    }
  });
});
