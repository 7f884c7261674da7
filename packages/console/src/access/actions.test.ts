import { expect, it } from "vitest";
import { ACTIONS, type Action } from "./actions.js";

const names = Object.keys(ACTIONS) as Action[];

it("an API token never reveals a secret, opens a shell, reads the audit log, or acts as a person", () => {
  expect(names.filter((name) => !ACTIONS[name].token).sort()).toEqual([
    "audit.read",
    "audit.read-all",
    "secrets.reveal",
    "self",
    "shell.open",
    "sign-in",
  ]);
});

it("each action needs the role that the house has for it", () => {
  const byRole = (role: string): readonly string[] =>
    names.filter((name) => ACTIONS[name].scope === "app" && ACTIONS[name].role === role).sort();
  expect(byRole("viewer")).toEqual(["app.read", "logs.read"]);
  expect(byRole("deployer")).toEqual(["releases.rollback", "runs.publish"]);
  expect(byRole("operator")).toEqual([
    "processes.restart",
    "processes.scale",
    "secrets.reveal",
    "shell.open",
  ]);
  expect(byRole("manager")).toEqual(["access.grant", "access.read", "audit.read"]);
  const everywhere = names.filter((name) => ACTIONS[name].scope === "everywhere");
  expect(everywhere.map((name) => ACTIONS[name].role)).toEqual(everywhere.map(() => "manager"));
});
