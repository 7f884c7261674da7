import { findDynoSize } from "./dyno-sizes.js";
import { currentRelease, type Dynos } from "./dynos.js";
import {
  answer,
  type Body,
  type Call,
  identity,
  invalid,
  notFound,
  parts,
  type Route,
  refuse,
} from "./http.js";
import { newId, now } from "./ids.js";
import { appOf } from "./lookup.js";
import { describeFormation, type Releases } from "./releases.js";
import type { App, Artifact, Formation, ProcessSource } from "./state.js";
import type { World } from "./world.js";

/** What the formation needs of others. */
export interface FormationParts {
  readonly dynos: Dynos;
  readonly releases: Releases;
  /** How an image that was pushed is started. */
  readonly sourceOfImage: (app: App, type: string, image: string) => Promise<ProcessSource | undefined>;
}

/** Process types: how many of each, how large, and which image. */
export function formationRoutes(world: World, parts_: FormationParts): Route[] {
  const { dynos, releases, sourceOfImage } = parts_;

  const find = (app: App, type: string): Formation =>
    app.formation.find((one) => one.type === type || one.id === type) ??
    refuse(404, "not_found", "Couldn't find that process type.", { resource: "formation" });

  /** Works an update out before any of it takes effect: all of a batch, or nothing. */
  function plan(app: App, formation: Formation, update: Body): () => boolean {
    const size = identity(update, "size") ?? identity(update, "dyno_size");
    const found = size === undefined ? formation.size : findDynoSize(size);
    if (found === undefined) invalid(`No such dyno size "${size}".`);
    if (
      (found === "Eco" || found === "Basic") !== true &&
      app.generation === "fir" &&
      !found.startsWith("dyno-")
    )
      invalid(`Dyno size ${found} is not of the Fir generation.`);
    const quantity = quantityOf(formation.quantity, update.quantity);
    if (quantity > 1 && (found === "Basic" || found === "Eco"))
      invalid(
        `Cannot scale to ${quantity} ${found} dynos: more than one dyno of a type needs Standard or larger.`,
      );
    if (quantity > 100) invalid("Cannot run more than 100 dynos of one type.");
    return () => {
      const changed = formation.quantity !== quantity || formation.size !== found;
      Object.assign(formation, { quantity, size: found, updatedAt: now() });
      return changed;
    };
  }

  async function update(call: Call, app: App, updates: readonly Body[]): Promise<Formation[]> {
    const images = updates.filter((one) => one.docker_image !== undefined);
    if (images.length > 0) {
      if (!String(call.headers.accept).includes("3.docker-releases"))
        invalid(
          "docker_image needs the Accept header application/vnd.heroku+json; version=3.docker-releases.",
        );
      await releaseImages(call, app, images);
    }
    const scaled = updates.filter((one) =>
      ["quantity", "size", "dyno_size"].some((key) => one[key] !== undefined),
    );
    const plans = scaled.map((one) => ({
      type: String(one.type),
      apply: plan(app, find(app, String(one.type)), one),
    }));
    const changed = plans.filter(({ apply }) => apply());
    if (changed.length > 0)
      world.log(
        app,
        "app",
        "api",
        `Scaled to ${app.formation.map((one) => `${one.type}@${one.quantity}:${one.size}`).join(" ")} by user ${call.account.email}`,
      );
    for (const { type } of changed) await dynos.scale(app, type);
    const named = updates.map((one) => app.formation.find((formation) => formation.type === one.type));
    return named.filter((one) => one !== undefined);
  }

  /** Makes one release of all images of a request; the same images again make none. */
  async function releaseImages(call: Call, app: App, updates: readonly Body[]): Promise<void> {
    if (app.buildStack !== "container")
      invalid("This app's stack is not container: set it before an image is released.");
    const before = currentRelease(app)?.artifact;
    const processes: Record<string, ProcessSource> = before?.kind === "images" ? { ...before.processes } : {};
    for (const one of updates) {
      const type = String(one.type);
      if (one.docker_image === null) {
        delete processes[type];
        continue;
      }
      const source = await sourceOfImage(app, type, String(one.docker_image));
      if (source === undefined)
        refuse(404, "not_found", "Couldn't find that image.", { resource: "docker_image" });
      processes[type] = source;
    }
    const images = (set: Readonly<Record<string, ProcessSource>> | undefined): string =>
      JSON.stringify(
        Object.entries(set ?? {})
          .map(([type, one]) => [type, one.image])
          .sort(),
      );
    if (images(processes) === images(before?.processes)) return;
    const artifact: Artifact = { id: newId(), kind: "images", processes, commit: null };
    const named = updates.map((one) =>
      one.docker_image === null ? `-${one.type}` : `${one.type} (${String(one.docker_image).slice(7, 19)})`,
    );
    releases.create(app, call.account, { description: `Deployed ${named.join(", ")}`, artifact });
  }

  const needs = (updates: readonly Body[]): "deploy" | "operate" =>
    updates.every((one) => one.docker_image !== undefined) ? "deploy" : "operate";
  return [
    {
      method: "GET",
      path: "/apps/{app}/formation",
      list: true,
      handle: (call) => {
        const app = appOf(world, call);
        return answer(app.formation.map((one) => describeFormation(app, one)));
      },
    },
    {
      method: "PATCH",
      path: "/apps/{app}/formation",
      handle: async (call) => {
        const updates = parts(call.body, "updates");
        const app = appOf(world, call, needs(updates));
        return answer((await update(call, app, updates)).map((one) => describeFormation(app, one)));
      },
    },
    {
      method: "GET",
      path: "/apps/{app}/formation/{type}",
      handle: (call) => {
        const app = appOf(world, call);
        return answer(describeFormation(app, find(app, call.params.type ?? "")));
      },
    },
    {
      method: "PATCH",
      path: "/apps/{app}/formation/{type}",
      handle: async (call) => {
        const one = { ...call.body, type: call.params.type };
        const app = appOf(world, call, needs([one]));
        const [changed] = await update(call, app, [one]);
        if (changed === undefined && call.body.docker_image !== null) notFound("process type");
        return answer(changed ? describeFormation(app, changed) : {});
      },
    },
  ];
}

function quantityOf(before: number, wanted: unknown): number {
  if (wanted === undefined) return before;
  const words = String(wanted);
  const quantity = /^[+-]/.test(words) ? before + Number(words) : Number(words);
  if (!Number.isInteger(quantity) || quantity < 0) invalid(`Invalid quantity "${words}".`);
  return quantity;
}
