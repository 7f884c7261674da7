import { readFile } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { appFromProcfile, DeployError, type ImportResult, procfileCompanions } from "@deploy/core";
import { readAppJson } from "./app-json.js";
import { commandOfDockerfile } from "./dockerfile.js";
import { commandToWrite, type Draft, emptyDraft } from "./draft.js";
import { readHerokuYml } from "./heroku-yml.js";
import { mainEnvironment, writeConfig } from "./write-config.js";

/** Manifests that are read, in the order in which the first to name the processes wins. */
export const manifests: readonly string[] = ["heroku.yml", "Procfile", "app.json"];

/**
 * Reads `heroku.yml`, `Procfile` and `app.json` of a directory into a configuration.
 *
 * As on Heroku, the processes of a `heroku.yml` take the place of a Procfile's.
 *
 * @throws `import.nothing-found`, `import.bad-manifest`, `config.bad-procfile`.
 */
export async function importFiles(directory: string): Promise<ImportResult> {
  const read = (path: string): Promise<string | undefined> => readInside(directory, path);
  const [herokuYml, procfile, appJson] = await Promise.all(manifests.map(read));
  if (herokuYml === undefined && procfile === undefined && appJson === undefined) {
    throw new DeployError({
      code: "import.nothing-found",
      message: `There is no ${manifests.join(", no ")} in ${directory}.`,
      hint: "Run it where the app is, name a running app (deploy import heroku:my-app), or start with `deploy init`.",
    });
  }
  const draft = emptyDraft(basename(directory));
  if (herokuYml !== undefined) await readHerokuYml(draft, herokuYml, "heroku.yml", read);
  else if (procfile !== undefined) await readProcfile(draft, procfile, directory, read);
  else await guessWeb(draft, read);
  if (herokuYml !== undefined && procfile !== undefined) {
    draft.inferred.push("The Procfile is not read: heroku.yml takes its place, as on Heroku.");
  }
  if (appJson !== undefined) readAppJson(draft, appJson, "app.json");
  if (
    herokuYml === undefined &&
    draft.build.dockerfile === undefined &&
    (await read("Dockerfile")) !== undefined
  ) {
    draft.build.dockerfile = "Dockerfile";
  }
  if (draft.build.dockerfile === undefined) {
    draft.inferred.push(
      "There is no Dockerfile: on Heroku a buildpack made the image. Here one has to be written.",
    );
  }
  const { inferred, refused } = draft;
  return { config: writeConfig(draft), environment: mainEnvironment(draft), inferred, refused };
}

async function readProcfile(
  draft: Draft,
  text: string,
  directory: string,
  read: (path: string) => Promise<string | undefined>,
): Promise<void> {
  const files: Record<string, string> = {};
  for (const name of procfileCompanions) {
    const content = await read(name);
    if (content !== undefined) files[name] = content;
  }
  const { app, inferred } = appFromProcfile({
    text,
    file: "Procfile",
    directoryName: basename(directory),
    files,
  });
  for (const [name, { command }] of Object.entries(app.processes)) draft.processes.set(name, { command });
  if (app.release !== undefined) draft.release = app.release;
  if (app.build?.command !== undefined) draft.build.command = app.build.command;
  draft.inferred.push(...inferred);
}

/** An app.json alone says nothing about commands: the Dockerfile, or the start script that a buildpack would take. */
async function guessWeb(draft: Draft, read: (path: string) => Promise<string | undefined>): Promise<void> {
  const dockerfile = await read("Dockerfile");
  const command = dockerfile === undefined ? undefined : commandOfDockerfile(dockerfile);
  if (command !== undefined) {
    draft.inferred.push("web is started as the Dockerfile says.");
    draft.processes.set("web", { command });
    return;
  }
  if (/"scripts"\s*:\s*\{[^}]*"start"\s*:/.test((await read("package.json")) ?? "")) {
    draft.inferred.push(
      "web is started by the start script of package.json, as Heroku's Node.js buildpack does.",
    );
    draft.processes.set("web", { command: "npm start" });
    return;
  }
  const missing = "app.json does not say how web is started, and there is no Procfile";
  draft.refused.push({ file: "app.json", reason: `${missing}: write its command` });
  draft.processes.set("web", { command: commandToWrite("web"), missing });
}

/** A file of the directory; a manifest that points outside of it reads nothing. */
async function readInside(directory: string, path: string): Promise<string | undefined> {
  const place = relative(directory, resolve(directory, path));
  if (place === "" || place.startsWith("..") || isAbsolute(place)) return undefined;
  try {
    return await readFile(join(directory, place), "utf8");
  } catch {
    return undefined;
  }
}
