import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import type { OneOffPlan } from "../protocol.js";
import type { EnvironmentParts } from "./environment-parts.js";
import { environmentDirectory } from "./environment-state.js";
import { processEnvironment } from "./process-environment.js";

/** What a client wants to run once. */
export interface OneOffRequest {
  readonly mode: "run" | "exec";
  readonly process?: string;
  readonly instance?: string;
}

/** One-off commands: they run in the client's own terminal, and are known here so that none outlives its environment. */
export interface OneOffs {
  /** @throws `containers.not-deployed`, `containers.unknown-instance`. */
  plan(request: OneOffRequest): Promise<OneOffPlan>;
  started(run: string, pid: number, startTime: string): Promise<void>;
  ended(run: string): Promise<void>;
}

/** The one-off commands of one environment. */
export function createOneOffs(
  parts: Pick<EnvironmentParts, "machinery" | "state" | "writer" | "formation" | "releases">,
): OneOffs {
  const { machinery, state, writer, formation } = parts;
  return {
    async plan({ mode, process, instance }) {
      const release = parts.releases.serving();
      const order = release.processes.map((one) => one.name);
      const slots = [...formation.slots.values()]
        .filter((slot) => process === undefined || slot.definition.name === process)
        .sort(
          (a, b) =>
            order.indexOf(a.definition.name) - order.indexOf(b.definition.name) || a.number - b.number,
        );
      const entered =
        mode === "run" ? undefined : slots.find((slot) => instance === undefined || slot.name === instance);
      if (mode === "exec" && entered === undefined) {
        throw new DeployError({
          code: "containers.unknown-instance",
          message: `There is no instance ${instance ?? `of ${process ?? state.app}`}.`,
          hint: `Running: ${[...formation.slots.keys()].sort().join(", ") || "none"}.`,
        });
      }
      const name = entered?.definition.name ?? process;
      const definition = release.processes.find((one) => one.name === name) ?? release.processes[0];
      const place = environmentDirectory(machinery.home, state.app, state.environment);
      const directory = join(place, "releases", String(release.number));
      const run = `run-${release.number}-${randomBytes(5).toString("hex")}`;
      const port = entered?.instance?.record.port;
      const environment = await processEnvironment({
        app: state.app,
        environment: state.environment,
        release,
        directory,
        secrets: machinery.secrets,
        process: entered?.definition.name ?? "run",
        instance: entered?.name ?? "run.1",
        run,
        ...(definition === undefined ? {} : { config: definition.config }),
        ...(port === undefined ? {} : { port }),
      });
      state.commands.push({ run });
      await writer.save();
      return { id: run, release: release.number, directory, environment };
    },
    async started(run, pid, startTime) {
      state.commands = state.commands.map((known) => (known.run === run ? { run, pid, startTime } : known));
      await writer.save();
    },
    async ended(run) {
      state.commands = state.commands.filter((known) => known.run !== run);
      await writer.save();
    },
  };
}
