import { describe, expect, it } from "vitest";
import { notesOf, problemsOf, web } from "./testing/validating.js";

describe("variables", () => {
  it("refuses two that set the same one", () => {
    const members = {
      processes: {
        web: { ...web, config: { API_URL: "x", LEVEL: "debug" } },
        api: { ...web, internal: true },
      },
      config: { DATABASE_URL: "x", LEVEL: "info", TOKEN_NAME: "a" },
      secrets: ["TOKEN_NAME", "REDIS_URL"],
      addons: { db: { kind: "postgres" }, queue: { kind: "redis" }, api: { kind: "redis" } },
      environments: { staging: { processes: { web: { instances: 2 } } } },
    };
    expect(problemsOf(members)).toEqual([
      "secrets[0] | TOKEN_NAME is set twice: by config and by the secrets. | Keep it in secrets if nobody may see it, else in config.",
      'addons.db | DATABASE_URL is set twice: by config and by the add-on db. | Rename one of them; an add-on\'s is set with as: "…".',
      'addons.queue | REDIS_URL is set twice: by the secrets and by the add-on queue. | Rename one of them; an add-on\'s is set with as: "…".',
      'processes.api | API_URL is set twice: by the add-on api and by the address of the internal process api. | Rename one of them; an add-on\'s is set with as: "…".',
      'processes.web.config.API_URL | API_URL is set twice: by the add-on api and by the config of web. | Rename one of them; an add-on\'s is set with as: "…".',
    ]);
  });

  it("refuses what only an environment makes clash, there and once", () => {
    const members = {
      secrets: ["KEY"],
      config: { A: "1" },
      environments: {
        production: { config: { KEY: "x", A: "2" } },
        staging: { config: { A: "3" }, secrets: ["KEY"] },
      },
    };
    expect(problemsOf(members)).toEqual([
      "environments.production.config.KEY | KEY is set twice: by the secrets and by config. | Keep it in secrets if nobody may see it, else in config.",
    ]);
  });

  it("notes secrets that are written down, without showing them", () => {
    const members = {
      config: {
        SECRET_KEY: "hunter2",
        PUBLIC_KEY: "x",
        API_TOKEN: "",
        DEBUG_KEY: 1,
        BROKER: "amqp://u:hunter2@h/",
      },
      build: { args: { NPM_TOKEN: "hunter2" } },
      environments: { production: { processes: { web: { config: { DB_PASSWORD: "hunter2" } } } } },
    };
    const notes = notesOf(members);
    expect(notes).toEqual([
      "build.args.NPM_TOKEN | build.args.NPM_TOKEN is written down in the open, and its name says that it is a secret. | Build arguments stay readable in the image: do without it while building.",
      'config.SECRET_KEY | config.SECRET_KEY is written down in the open, and its name says that it is a secret. | Put the name into secrets: ["SECRET_KEY"], and the value into: deploy secrets set SECRET_KEY.',
      expect.stringContaining(
        "config.BROKER is written down in the open, and it is a URL with a password in it.",
      ),
      expect.stringContaining("environments.production.processes.web.config.DB_PASSWORD"),
    ]);
    expect(notes.join()).not.toContain("hunter2");
  });
});
