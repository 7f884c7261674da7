import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { appFromProcfile, type InferredApp } from "./infer.js";
import { resolveEnvironment } from "./resolve.js";
import type { Target } from "./types.js";
import { validateApp } from "./validate.js";

const infer = (text: string, files: Record<string, string> = {}, directoryName = "shop"): InferredApp =>
  appFromProcfile({ text, file: "Procfile", directoryName, files });

function refusal(text: string): DeployError {
  try {
    infer(text);
  } catch (thrown) {
    if (DeployError.is(thrown)) return thrown;
    throw thrown;
  }
  throw new Error("expected a refusal");
}

describe("appFromProcfile", () => {
  it("declares processes and the release command, and nothing that is not certain", () => {
    const { app, inferred } = infer("web: gunicorn app:app\nworker: rq worker\nrelease: flask db upgrade\n");
    expect(app).toEqual({
      "deploy.app": 1,
      name: "shop",
      processes: { web: { command: "gunicorn app:app" }, worker: { command: "rq worker" } },
      release: "flask db upgrade",
    });
    expect(inferred).toEqual([
      "The app is called shop, after its directory.",
      "The release command is line 3 of Procfile.",
      "Nothing is built: the source runs as it is.",
    ]);
    expect(validateApp(app).notes).toEqual([]);
    const target = { spec: 1, name: "here", credentials: {}, containers: {} } as unknown as Target;
    const { processes } = resolveEnvironment(app, "local", { defaultTarget: target });
    expect(processes.map((process) => process.listens)).toEqual([true, false]);
  });

  it("makes a valid name of the directory's", () => {
    const nameFor = (directory: string): string => infer("web: x", {}, directory).app.name;
    expect(nameFor("My Shop (old)")).toBe("my-shop-old");
    expect(nameFor("dit4c__designate-rr-monitor-and-much-more")).toBe("dit4c-designate-rr-monitor-and");
    expect(nameFor("Übung")).toBe("ubung");
    expect(nameFor("2024-app")).toBe("app");
    expect(nameFor("日本")).toBe("app");
  });

  it("renames what cannot be a name, and refuses what cannot be renamed", () => {
    const { app, inferred } = infer("web: x\nMail_Worker: y\n");
    expect(Object.keys(app.processes)).toEqual(["web", "mail-worker"]);
    expect(inferred).toContain("The process Mail_Worker is called mail-worker here.");
    const error = refusal("run: x\n42: y\na_b: 1\na-b: 2\n");
    expect(error.problems.map((problem) => problem.message)).toEqual([
      'Line 1 of Procfile: no process can be called "run".',
      'Line 2 of Procfile: no process can be called "42".',
      'Line 4 of Procfile: "a-b" becomes a-b, and so does another process.',
    ]);
    expect(refusal("release: x\n").message).toBe("Procfile declares a release command, and no process.");
  });

  it("infers how Node apps are built from their lock files", () => {
    const manifest = JSON.stringify({ scripts: { build: "tsc" } });
    const command = (files: Record<string, string>): unknown => infer("web: x", files).app.build?.command;
    expect(command({ "package.json": "{}", "package-lock.json": "" })).toBe("npm ci");
    expect(command({ "package.json": manifest, "package-lock.json": "" })).toBe("npm ci && npm run build");
    expect(command({ "package.json": "{}", "yarn.lock": "" })).toBe("yarn install --frozen-lockfile");
    expect(command({ "package.json": "{}", "pnpm-lock.yaml": "" })).toBe("pnpm install --frozen-lockfile");
    expect(command({ "package.json": "not JSON" })).toBe("npm install");
  });

  it("infers how Python apps are built, and both together", () => {
    const venv = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
    const one = infer("web: x", { "requirements.txt": "flask" });
    expect(one.app.build).toEqual({ command: venv });
    expect(one.inferred).toContain(
      `Without a container it is built by "${venv}", because of requirements.txt.`,
    );
    const both = infer("web: x", { "requirements.txt": "", "package.json": "{}", "package-lock.json": "" });
    expect(both.app.build).toEqual({ command: `npm ci && ${venv}` });
  });

  it("says that it does not know how to build the rest", () => {
    expect(infer("web: x", { Gemfile: "" }).inferred).toContain(
      "Nothing is built: what to do with Gemfile is yours to say in build.command.",
    );
  });

  it("suggests add-ons for drivers, and declares none", () => {
    const python = infer("web: x", { "requirements.txt": "Flask==3\npsycopg2_binary>=2 ; x\n# redis\n" });
    expect(python.app.addons).toBeUndefined();
    expect(python.inferred).toContain(
      'requirements.txt asks for psycopg2-binary: if the app needs a postgres, declare addons: { db: { kind: "postgres" } }.',
    );
    expect(python.inferred.join()).not.toContain("redis");
    const node = infer("web: x", { "package.json": JSON.stringify({ dependencies: { ioredis: "1" } }) });
    expect(node.inferred.at(-1)).toContain("package.json asks for ioredis");
  });

  it("says when web listens on a port of its own", () => {
    expect(infer("web: uvicorn main:app --port=10000").inferred.at(-1)).toBe(
      "web seems to listen on port 10000, whatever PORT says: write $PORT instead in line 1.",
    );
    expect(infer("web: gunicorn -b 0.0.0.0:8000 app:app").inferred.join()).toContain("port 8000");
    expect(infer("web: uvicorn main:app --port=$PORT").inferred.join()).not.toContain("listen");
    expect(infer("web: gunicorn -w 4 app:app").inferred.join()).not.toContain("listen");
  });

  it("passes on that a name is there twice", () => {
    expect(infer("web: a\nweb: b\n").inferred.join()).toContain("the last one holds, as on Heroku");
  });
});
