import { asName, DeployError } from "@deploy/core";
import { isMap, LineCounter, parseDocument } from "yaml";
import { draftAddon } from "./addons.js";
import { type Draft, isSecret } from "./draft.js";
import { presentSize } from "./sizes.js";

type Fields = Readonly<Record<string, unknown>>;

/** What an app.json says for people to read: nothing to deploy. */
const DESCRIPTIONS = new Set([
  "$schema",
  "name",
  "description",
  "keywords",
  "website",
  "repository",
  "logo",
  "success_url",
  "app_url",
  "image",
  "stack",
]);

/** Set by the platform itself (Dev Center, "Dyno Metadata"; `PORT` by the dyno manager). */
const SET_BY_HEROKU =
  /^(?:PORT|DYNO|BUILDPACK_URL|HEROKU_(?:APP|RELEASE|SLUG|BUILD|DYNO|PARENT)_\w+|HEROKU_BRANCH)$/;

/**
 * Reads an `app.json` into the draft: `env`, `formation`, `addons`, and `environments.review`.
 *
 * It names no commands: those are in a Procfile, a heroku.yml or with the buildpack.
 *
 * @throws `import.bad-manifest` with file and line for what is no JSON object.
 */
export function readAppJson(draft: Draft, text: string, file: string): void {
  const { value, line } = parse(text, file);
  const refuse = (reason: string, ...path: string[]): void => {
    const at = line(...path);
    draft.refused.push({ file, ...(at === undefined ? {} : { line: at }), reason });
  };
  readEnv(draft, fields(value.env), refuse);
  readFormation(draft, fields(value.formation));
  readAddons(draft, value.addons, file, (index) => line("addons", index));
  readReview(draft, fields(value.environments), refuse);

  for (const [name, command] of Object.entries(fields(value.scripts))) {
    if (command === "" || command === null) continue;
    const instead =
      name === "postdeploy"
        ? "runs once, after the first deployment: make it part of the release command, or `deploy run` it"
        : "has no counterpart: nothing of ours runs before an app is removed";
    refuse(`the script ${name} (${String(command)}) ${instead}`, "scripts", name);
  }
  const buildpacks = Array.isArray(value.buildpacks) ? value.buildpacks : [];
  if (buildpacks.length > 0) {
    const names = buildpacks.map((one) => String(fields(one).url ?? one));
    refuse(`buildpacks are not run here (${names.join(", ")}): a Dockerfile builds the app`, "buildpacks");
  }
  if (typeof value.stack === "string" && value.stack !== "container") {
    draft.inferred.push(`The stack ${value.stack} is not kept: images run on Heroku's container stack.`);
  }
  const known = new Set([
    ...DESCRIPTIONS,
    "env",
    "formation",
    "addons",
    "environments",
    "scripts",
    "buildpacks",
  ]);
  for (const name of Object.keys(value)) {
    if (!known.has(name)) refuse(`"${name}" has no counterpart`, name);
  }
  if (typeof value.name === "string" && draft.name === "app")
    draft.name = asName(value.name, 30) ?? draft.name;
}

function parse(
  text: string,
  file: string,
): { value: Fields; line: (...path: (string | number)[]) => number | undefined } {
  const lines = new LineCounter();
  try {
    JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (cause) {
    throw badJson(file, text, cause);
  }
  // JSON is YAML: this reading knows where everything stands.
  const document = parseDocument(text, { lineCounter: lines, schema: "json" });
  if (!isMap(document.contents)) throw badJson(file, "", undefined);
  return {
    value: fields(JSON.parse(text.replace(/^\ufeff/, ""))),
    line: (...path) => {
      const node = document.getIn(path, true) as
        | { range?: readonly [number, ...unknown[]] | null }
        | undefined;
      return node?.range == null ? undefined : lines.linePos(node.range[0]).line;
    },
  };
}

function badJson(file: string, text: string, cause: unknown): DeployError {
  const message = cause instanceof Error ? cause.message : "";
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? Number.NaN);
  const line = Number.isNaN(position) ? 1 : text.slice(0, position).split("\n").length;
  return new DeployError({
    code: "import.bad-manifest",
    message: cause === undefined ? `${file} is no JSON object.` : `Line ${line} of ${file} is no JSON.`,
    hint: "Correct it first: a comma too many or missing, or a bracket that is closed twice, most often.",
    location: { file, line },
  });
}

type Refuse = (reason: string, ...path: string[]) => void;

function readEnv(draft: Draft, env: Fields, refuse: Refuse): void {
  for (const [name, declared] of Object.entries(env)) {
    if (SET_BY_HEROKU.test(name)) {
      refuse(`${name} is set by the platform, or means something to Heroku alone`, "env", name);
      continue;
    }
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      refuse(`"${name}" cannot be the name of a variable`, "env", name);
      continue;
    }
    const { value, required, generator } = fields(declared);
    const written = typeof declared === "object" ? value : declared;
    const text = written === undefined || written === null || written === "" ? undefined : String(written);
    if (generator === "secret") {
      draft.secrets.add(name);
      draft.inferred.push(`${name} was generated by Heroku: deploy secrets set ${name} --generate`);
    } else if (isSecret(name, text)) {
      if (required !== false || text !== undefined) draft.secrets.add(name);
      else draft.inferred.push(`${name} is optional and has no value: it is left out.`);
    } else if (text !== undefined) {
      draft.config.set(name, text);
    } else if (required === false) {
      draft.inferred.push(`${name} is optional and has no value: it is left out.`);
    } else {
      draft.secrets.add(name);
      draft.inferred.push(`${name} has no value in the file: it is a secret here, to be set once.`);
    }
  }
}

function readFormation(draft: Draft, formation: Fields): void {
  for (const [type, wanted] of Object.entries(formation)) {
    const process = draft.processes.get(asName(type, 30) ?? "");
    if (process === undefined) continue;
    const { quantity, size } = fields(wanted);
    if (typeof quantity === "number" && quantity !== 1) process.instances = quantity;
    const present = typeof size === "string" ? presentSize(size) : undefined;
    if (present !== undefined) process.size = present;
    else if (typeof size === "string")
      draft.inferred.push(`Dynos of the size ${size} are gone: ${type} has the default size.`);
  }
}

function readAddons(
  draft: Draft,
  addons: unknown,
  file: string,
  lineOf: (index: number) => number | undefined,
): void {
  if (!Array.isArray(addons)) return;
  for (const [index, addon] of addons.entries()) {
    const { plan, as, options } =
      typeof addon === "string" ? { plan: addon, as: undefined, options: undefined } : fields(addon);
    const line = lineOf(index);
    const place = { file, ...(line === undefined ? {} : { line }) };
    if (typeof plan !== "string") {
      draft.refused.push({ ...place, reason: "this add-on has no plan" });
      continue;
    }
    const { version, ...others } = fields(options);
    for (const name of Object.keys(others)) {
      draft.refused.push({ ...place, reason: `the option ${name} of ${plan} has no counterpart` });
    }
    draftAddon(draft, {
      plan,
      place,
      ...(typeof as === "string" ? { as } : {}),
      ...(version === undefined ? {} : { version: String(version) }),
    });
  }
}

function readReview(draft: Draft, environments: Fields, refuse: Refuse): void {
  for (const [name, environment] of Object.entries(environments)) {
    if (name !== "review") {
      refuse(`the environment ${name} is Heroku CI's: run tests where you run them`, "environments", name);
      continue;
    }
    const { env, formation, scripts, addons, ...others } = fields(environment);
    const instances: Record<string, number> = {};
    for (const [type, wanted] of Object.entries(fields(formation))) {
      const { quantity } = fields(wanted);
      if (draft.processes.has(type) && typeof quantity === "number") instances[type] = quantity;
    }
    const config: Record<string, string> = {};
    for (const [variable, declared] of Object.entries(fields(env))) {
      const value = typeof declared === "object" ? fields(declared).value : declared;
      if (value !== undefined && value !== null && !isSecret(variable, String(value)))
        config[variable] = String(value);
    }
    draft.environments.push({ name: "review/*", target: {}, domains: {}, config, instances });
    for (const [script, command] of Object.entries(fields(scripts))) {
      if (command)
        refuse(
          `the script ${script} of review apps (${String(command)}) is not run: deploy run it`,
          "environments",
          "review",
        );
    }
    if (addons !== undefined)
      refuse("review apps have the add-ons of the app here", "environments", "review", "addons");
    for (const key of Object.keys(others))
      refuse(`"${key}" of review apps has no counterpart`, "environments", "review", key);
  }
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
