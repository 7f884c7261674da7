import { asName, type Context, DeployError, type ImportResult } from "@deploy/core";
import { path } from "../api.js";
import type {
  HerokuAddon,
  HerokuApp,
  HerokuAttachment,
  HerokuCollaborator,
  HerokuCoupling,
  HerokuDomain,
  HerokuFormation,
  HerokuPipeline,
} from "../api-types.js";
import { unlessMissing } from "../errors.js";
import { idOf } from "../names.js";
import { type ConfigVars, reservedPrefix } from "../ownership.js";
import type { Surroundings } from "../surroundings.js";
import { draftAddon } from "./addons.js";
import { commandToWrite, type Draft, emptyDraft } from "./draft.js";
import { presentSize } from "./sizes.js";
import { mainEnvironment, writeConfig } from "./write-config.js";

/** What a running app consists of, as far as it can be declared. */
interface Found {
  readonly app: HerokuApp;
  readonly formation: readonly HerokuFormation[];
  readonly addons: readonly HerokuAddon[];
  readonly attachments: readonly HerokuAttachment[];
  readonly domains: readonly HerokuDomain[];
  readonly configNames: readonly string[];
  readonly collaborators: readonly HerokuCollaborator[];
  readonly coupling: HerokuCoupling | undefined;
  readonly pipeline: HerokuPipeline | undefined;
  readonly drains: number;
  readonly buildpacks: readonly string[];
}

/**
 * Reads a running app into a configuration: formation, add-ons, domains, names of config vars, collaborators, pipeline.
 *
 * Values of config vars stay at Heroku: each var is a declared secret, whose value the adopted app has already.
 *
 * @throws `import.nothing-found` when these credentials reach no such app.
 */
export async function importRunningApp(
  context: Context,
  own: Surroundings,
  name: string,
): Promise<ImportResult> {
  const found = await readAll(context, own, name);
  const draft = emptyDraft(found.pipeline?.name ?? name);
  const refuse = (reason: string): void => void draft.refused.push({ file: `heroku:${name}`, reason });

  draftProcesses(draft, found, refuse);
  for (const addon of found.addons) draftRunningAddon(draft, found, addon, refuse);
  for (const variable of found.configNames) draft.secrets.add(variable);
  if (found.configNames.length > 0) {
    draft.inferred.push(
      "Every config var is declared as a secret: its value stays at Heroku. Move to `config` what is none.",
    );
  }
  draftTraffic(draft, found);
  if (found.app.stack.name === "container") draft.build.dockerfile = "Dockerfile";
  else
    refuse(
      `it runs on the stack ${found.app.stack.name}: write a Dockerfile, images run on the container stack`,
    );
  if (found.buildpacks.length > 0) {
    refuse(`buildpacks are not run here (${found.buildpacks.join(", ")}): a Dockerfile builds the app`);
  }
  if (found.drains > 0) refuse(`${found.drains} log drains stay as they are: they are not declared here`);
  for (const { user, role } of found.collaborators) {
    if (role === "owner") continue;
    draft.inferred.push(`${user.email} has access; it stays. deploy access who lists everybody.`);
  }
  draft.inferred.push(
    `To take the running app over: deploy plan -e ${stageOf(found)}, then deploy up -e ${stageOf(found)} --adopt ${idOf("servers", name, "app")}`,
  );
  const { inferred, refused } = draft;
  return { config: writeConfig(draft), environment: mainEnvironment(draft), inferred, refused };
}

/** Everything in one wave, but for the pipeline's name. */
async function readAll(context: Context, { api }: Surroundings, name: string): Promise<Found> {
  const app = path`/apps/${name}`;
  const list = <T>(what: string): Promise<readonly T[]> => api.list<T>(context, `${app}/${what}`);
  // What an app of this kind does not have (drains in a Fir space, say) is missing, and that is no error.
  const extra = async <T>(what: string): Promise<readonly T[]> => (await unlessMissing(list<T>(what))) ?? [];
  const found = await unlessMissing(
    Promise.all([
      api.get<HerokuApp>(context, app, { version: "3.sdk" }),
      list<HerokuFormation>("formation"),
      list<HerokuAddon>("addons"),
      list<HerokuAttachment>("addon-attachments"),
      list<HerokuDomain>("domains"),
      api.get<ConfigVars>(context, `${app}/config-vars`),
      list<HerokuCollaborator>("collaborators"),
      unlessMissing(api.get<HerokuCoupling>(context, `${app}/pipeline-couplings`)),
      extra<unknown>("log-drains"),
      extra<{ readonly buildpack: { readonly url: string } }>("buildpack-installations"),
    ]),
  );
  if (found === undefined) {
    throw new DeployError({
      code: "import.nothing-found",
      message: `These credentials reach no app called ${name} at Heroku.`,
      hint: "Check the name, and whose token it is: deploy doctor says so.",
    });
  }
  const [
    running,
    formation,
    addons,
    attachments,
    domains,
    config,
    collaborators,
    coupling,
    drains,
    buildpacks,
  ] = found;
  const ofAddons = new Set(addons.flatMap(({ config_vars }) => config_vars));
  return {
    app: running,
    formation,
    addons,
    attachments,
    domains,
    configNames: Object.keys(config)
      .filter(
        (variable) => !ofAddons.has(variable) && !variable.startsWith(reservedPrefix) && variable !== "PORT",
      )
      .sort(),
    collaborators,
    coupling,
    pipeline: coupling && (await api.get<HerokuPipeline>(context, path`/pipelines/${coupling.pipeline.id}`)),
    drains: drains.length,
    buildpacks: buildpacks.map(({ buildpack }) => buildpack.url),
  };
}

function draftProcesses(draft: Draft, { formation }: Found, refuse: (reason: string) => void): void {
  for (const { type, command, quantity, size } of formation) {
    if (type === "release") {
      if (command !== "") draft.release = command;
      continue;
    }
    const process = asName(type, 30);
    if (process === undefined || draft.processes.has(process)) {
      refuse(`no process can be called ${type} here`);
      continue;
    }
    if (process !== type) draft.inferred.push(`The process ${type} is called ${process} here.`);
    const present = presentSize(size);
    const missing = `Heroku does not say how ${type} is started`;
    if (command === "") refuse(`${missing}: write its command`);
    draft.processes.set(process, {
      ...(command === "" ? { command: commandToWrite(process), missing } : { command }),
      instances: quantity,
      ...(present === undefined ? {} : { size: present }),
    });
  }
  if (draft.processes.size > 0) return;
  const missing = "nothing was ever released to this app";
  refuse(`${missing}: write its processes`);
  draft.processes.set("web", { command: commandToWrite("web"), missing });
}

function draftRunningAddon(
  draft: Draft,
  { app, attachments }: Found,
  addon: HerokuAddon,
  refuse: (reason: string) => void,
): void {
  if (addon.app.name !== app.name) {
    refuse(
      `${addon.name} belongs to the app ${addon.app.name} and is attached here: it stays attached, undeclared`,
    );
    return;
  }
  const attachment = attachments.find((one) => one.addon.name === addon.name && one.app.name === app.name);
  draftAddon(draft, {
    plan: addon.plan.name,
    place: { file: `heroku:${app.name}` },
    ...(attachment === undefined ? {} : { as: attachment.name }),
  });
}

function draftTraffic(draft: Draft, found: Found): void {
  const { app, pipeline } = found;
  const hosts = found.domains.filter(({ kind }) => kind === "custom").map(({ hostname }) => hostname);
  const process = draft.processes.has("web") ? "web" : ([...draft.processes.keys()][0] ?? "web");
  if (hosts.length > 0) {
    draft.inferred.push(
      `The domains point to ${process}; name a DNS provider under dns to have their records in the plan.`,
    );
  }
  draft.environments.push({
    name: stageOf(found),
    target: {
      app: app.name,
      ...(app.team === null ? {} : { team: app.team.name }),
      ...(app.space === null ? {} : { space: app.space.name }),
      ...(app.region.name === "us" || app.space !== null ? {} : { region: app.region.name }),
      ...(pipeline === undefined ? {} : { pipeline: pipeline.name }),
    },
    domains: Object.fromEntries(hosts.map((host) => [host, process])),
    config: {},
    instances: {},
  });
}

/** The environment that a running app is: its stage in a pipeline, else production. */
function stageOf({ coupling }: Found): string {
  const stage = coupling?.stage ?? "production";
  return stage === "review" || stage === "test" ? "review/imported" : stage;
}
