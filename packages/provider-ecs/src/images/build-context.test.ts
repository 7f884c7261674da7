import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResolvedBuild } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBuildContext } from "./build-context.js";

let directory: string;
const { signal } = new AbortController();
const build: ResolvedBuild = { context: ".", args: {} };

const hash = async (changed: Partial<ResolvedBuild> = {}, platform = "linux/amd64"): Promise<string> =>
  (await readBuildContext(directory, { ...build, ...changed }, platform, signal)).hash;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "deploy-context-"));
  await writeFile(join(directory, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  await writeFile(join(directory, "app.py"), "print(1)\n");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("the hash of a build context", () => {
  it("is the same for the same source, whatever its dates", async () => {
    const first = await hash();
    await utimes(join(directory, "app.py"), 1, 1);
    expect(await hash()).toBe(first);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
  });

  it("changes with contents, names, links, the Dockerfile, arguments, stage and platform", async () => {
    const seen = new Set([await hash()]);
    const differs = async (value: Promise<string>): Promise<void> => {
      const known = seen.size;
      seen.add(await value);
      expect(seen.size).toBe(known + 1);
    };
    await differs(hash({ args: { A: "1" } }));
    await differs(hash({ args: { A: "2" } }));
    await differs(hash({ stage: "prod" }));
    await differs(hash({}, "linux/arm64"));
    await writeFile(join(directory, "app.py"), "print(2)\n");
    await differs(hash());
    await symlink("app.py", join(directory, "link"));
    await differs(hash());
    await mkdir(join(directory, "empty"));
    await differs(hash());
    await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
    await differs(hash());
    await writeFile(join(directory, "run.sh"), "", { mode: 0o644 });
    await differs(hash());
    await rm(join(directory, "run.sh"));
    await writeFile(join(directory, "run.sh"), "", { mode: 0o755 });
    await differs(hash());
  });

  it("leaves out what .dockerignore names, and .git in any case", async () => {
    await writeFile(join(directory, ".dockerignore"), "*.log\nnode_modules\n!node_modules/kept\n");
    const first = await hash();
    await writeFile(join(directory, "x.log"), "noise");
    await mkdir(join(directory, "node_modules/gone"), { recursive: true });
    await writeFile(join(directory, "node_modules/gone/a.js"), "noise");
    await mkdir(join(directory, ".git"));
    await writeFile(join(directory, ".git/index"), "noise");
    expect(await hash()).toBe(first);
    const found = await readBuildContext(directory, build, "linux/amd64", signal);
    expect(found.holdsGit).toBe(true);
    await mkdir(join(directory, "node_modules/kept"));
    await writeFile(join(directory, "node_modules/kept/b.js"), "signal");
    expect(await hash()).not.toBe(first);
  });

  it("takes the ignore file of the Dockerfile first, and says that it does", async () => {
    await writeFile(join(directory, "Dockerfile.dockerignore"), "app.py\n");
    const first = await readBuildContext(directory, build, "linux/amd64", signal);
    expect(first.ownIgnoreFile).toBe(true);
    await writeFile(join(directory, "app.py"), "changed");
    expect(await hash()).toBe(first.hash);
  });

  it("refuses what is not there, before anything is asked", async () => {
    await expect(hash({ context: "nowhere" })).rejects.toMatchObject({ code: "images.context-missing" });
    await expect(hash({ dockerfile: "Other" })).rejects.toMatchObject({ code: "images.no-dockerfile" });
  });
});
