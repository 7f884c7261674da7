import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeployError, defineApp, toDeployError } from "@deploy/core";
import { local } from "@deploy/provider-local";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { LoadedApps } from "../options.js";
import { createAppRegistry } from "./registry.js";
import type { AppRegistry } from "./types.js";

const target = local();

/** Reads each file as JSON of `{ name, environments }`; loads as the command line does, one problem a file. */
async function place(files: Readonly<Record<string, object>>): Promise<{
  readonly directory: string;
  readonly at: (file: string) => string;
  readonly put: (file: string, content: object | string) => Promise<void>;
  readonly open: (options?: { readonly defaultTarget?: false }) => Promise<AppRegistry>;
}> {
  const directory = await mkdtemp(join(tmpdir(), "deploy-registry-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const at = (file: string): string => join(directory, file);
  const put = async (file: string, content: object | string): Promise<void> => {
    // As editors do: another file takes the name.
    await writeFile(at(`${file}.new`), typeof content === "string" ? content : JSON.stringify(content));
    await rename(at(`${file}.new`), at(file));
  };
  for (const [file, content] of Object.entries(files)) await put(file, content);
  const load = async (): Promise<LoadedApps> => {
    const results = await Promise.all(
      Object.keys(files).map(async (file) => {
        try {
          const { name, environments } = JSON.parse(await readFile(at(file), "utf8")) as {
            name: string;
            environments?: readonly string[];
          };
          const app = defineApp({
            name,
            processes: { web: { command: "serve" } },
            environments: Object.fromEntries(environments?.map((one) => [one, { target }]) ?? []),
          });
          return { apps: [{ app, file: at(file), directory }], problems: [] };
        } catch (error) {
          const { message } = toDeployError(error);
          return { apps: [], problems: [{ place: at(file), message, hint: "Correct it." }] };
        }
      }),
    );
    return {
      apps: results.flatMap(({ apps }) => apps),
      problems: results.flatMap(({ problems }) => problems),
    };
  };
  const open = async ({ defaultTarget }: { readonly defaultTarget?: false } = {}): Promise<AppRegistry> => {
    const registry = await createAppRegistry({
      load,
      watchEveryMs: 20,
      ...(defaultTarget === false ? {} : { defaultTarget: target }),
    });
    onTestFinished(() => registry.close());
    return registry;
  };
  return { directory, at, put, open };
}

const names = (registry: AppRegistry): readonly string[] =>
  registry.list().map(({ app, environment }) => `${app} ${environment}`);

describe("the registry of apps", () => {
  it("has declared environments by their names, local where it could run, and says which are patterns", async () => {
    const files = {
      "b.json": { name: "beta", environments: ["production", "review/*"] },
      "a.json": { name: "alpha" },
    };
    const { open, at } = await place(files);
    const registry = await open();
    expect(names(registry)).toEqual(["alpha local", "beta local", "beta production"]);
    expect(registry.patterns()).toEqual([
      { app: "beta", pattern: "review/*", reason: expect.stringContaining("no provider lists") },
    ]);
    expect(registry.find("beta", "production")).toMatchObject({ app: "beta", file: at("b.json") });
    expect(registry.find("beta", "review/12")).toBeUndefined();
    expect(registry.find("beta", "toString")).toBeUndefined();
    expect(registry.problems()).toEqual([]);
    expect(names(await open({ defaultTarget: false }))).toEqual(["beta production"]);
  });

  it("follows its files, and leaves what has not changed as it is", async () => {
    const { open, put } = await place({ "a.json": { name: "alpha" }, "b.json": { name: "beta" } });
    const registry = await open();
    const before = registry.find("beta", "local")?.deployer;
    const changed = vi.fn();
    registry.onChange(changed);
    await put("a.json", { name: "alpha", environments: ["staging"] });
    await vi.waitFor(() => expect(names(registry)).toContain("alpha staging"));
    expect(changed).toHaveBeenCalled();
    expect(registry.find("beta", "local")?.deployer).toBe(before);
  });

  it("keeps the last good version of a broken file, says so, and goes on with the others", async () => {
    const { open, put, at } = await place({ "a.json": { name: "alpha" }, "b.json": { name: "beta" } });
    const registry = await open();
    const before = registry.find("alpha", "local")?.deployer;
    await put("a.json", "{ nonsense");
    await vi.waitFor(() => expect(registry.problems()).toHaveLength(1));
    expect(registry.problems()[0]).toMatchObject({
      place: at("a.json"),
      hint: "Correct it. alpha is shown as it was before.",
    });
    expect(names(registry)).toEqual(["alpha local", "beta local"]);
    expect(registry.find("alpha", "local")?.deployer).toBe(before);
    await put("a.json", { name: "alpha", environments: ["staging"] });
    await vi.waitFor(() => expect(registry.problems()).toEqual([]));
    expect(names(registry)).toContain("alpha staging");
  });

  it("keeps the app of a file that is gone, and follows it when it is back", async () => {
    const { open, put, at } = await place({ "a.json": { name: "alpha" }, "b.json": { name: "beta" } });
    const registry = await open();
    await rm(at("a.json"));
    await vi.waitFor(() => expect(registry.problems()).toHaveLength(1));
    expect(registry.problems()[0]).toMatchObject({ place: at("a.json") });
    expect(names(registry)).toEqual(["alpha local", "beta local"]);
    await put("a.json", { name: "gamma" });
    await vi.waitFor(() => expect(names(registry)).toEqual(["beta local", "gamma local"]));
    expect(registry.problems()).toEqual([]);
  });

  it("shows one of two apps of the same name, the one that was there, and names the other file", async () => {
    const { open, put, at } = await place({ "a.json": { name: "alpha" }, "b.json": { name: "beta" } });
    const registry = await open();
    const before = registry.find("beta", "local")?.deployer;
    await put("a.json", { name: "beta" });
    await vi.waitFor(() => expect(registry.problems()).toHaveLength(1));
    expect(registry.problems()[0]).toMatchObject({
      place: at("a.json"),
      message: expect.stringContaining(`"beta", as the one of ${at("b.json")} is`),
    });
    expect(names(registry)).toEqual(["beta local"]);
    expect(registry.find("beta", "local")?.deployer).toBe(before);
  });

  it("never asks itself for its own grants", async () => {
    const provider = (name: string) => ({
      spec: 1 as const,
      name,
      credentials: {},
      access: {
        capabilities: { roles: { viewer: true, deployer: true, operator: true, manager: true } as const },
        grants: () => ({ resources: [] }),
        who: async () => [],
        revoke: async () => [],
      },
    });
    const app = defineApp({
      name: "alpha",
      processes: { web: { command: "serve" } },
      environments: {
        staging: { target, access: provider("console") },
        production: { target, access: provider("directory") },
      },
    });
    const registry = await createAppRegistry({
      load: async () => ({ apps: [{ app, file: "/srv/a.ts", directory: "/srv" }], problems: [] }),
    });
    onTestFinished(() => registry.close());
    expect(registry.find("alpha", "staging")?.deployer.access.supports("viewer")).not.toBe(true);
    expect(registry.find("alpha", "production")?.deployer.access.supports("viewer")).toBe(true);
  });

  it("goes on with what it has when nothing can be loaded at all", async () => {
    const { put, at, directory } = await place({ "a.json": { name: "alpha" } });
    let fail = false;
    const registry = await createAppRegistry({
      load: async () => {
        if (fail)
          throw new DeployError({ code: "config.failed", message: "The disk is gone.", hint: "Mount it." });
        const app = defineApp({ name: "alpha", processes: { web: { command: "serve" } } });
        return { apps: [{ app, file: at("a.json"), directory }], problems: [] };
      },
      defaultTarget: target,
      watchEveryMs: 20,
    });
    onTestFinished(() => registry.close());
    fail = true;
    await put("a.json", { name: "other" });
    await vi.waitFor(() => expect(registry.problems()).toHaveLength(1));
    expect(registry.problems()).toEqual([
      { place: "configuration", message: "The disk is gone.", hint: "Mount it." },
    ]);
    expect(names(registry)).toEqual(["alpha local"]);
  });
});
