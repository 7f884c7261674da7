import type { EnvironmentStatus } from "@deploy/core";
import { startOperation } from "../../apps/operations.js";
import type { ConsoleEnvironment } from "../../apps/types.js";
import { jobViews } from "../../apps/views/jobs.js";
import { healthOf, inOrder, lockView, processView } from "../../apps/views/service.js";
import type { JobList, ProcessList } from "../../shared/app-types.js";
import type { Route, RouteRequest } from "../route.js";
import { badRequest, environmentOf, fieldsOf, optionalText } from "./environment-of.js";
import { started } from "./releases.js";

const base = "/api/apps/:app/environments/:environment";

/** Who looks at a page gets what was read within the last seconds, milliseconds: twenty viewers are one question. */
const freshMs = 2_000;

/** Processes and jobs: how they are, and the two things that change them without a release. */
export const processesRoutes: readonly Route[] = [
  {
    method: "GET",
    path: `${base}/processes`,
    action: "app.read",
    handle: async (request) => {
      const environment = environmentOf(request);
      const status = await readStatus(request, environment);
      const resolved = environment.deployer.environment;
      const { release, lock } = status;
      const { scale, exec } = resolved.providers.target.containers.capabilities;
      const answer: ProcessList = {
        ...(release === undefined ? {} : { release }),
        health: healthOf(status),
        processes: inOrder(status.processes).map((process) => processView(process, resolved)),
        scale,
        exec,
        ...(lock === undefined ? {} : { lock: lockView(lock) }),
      };
      return Response.json(answer);
    },
  },
  {
    method: "GET",
    path: `${base}/jobs`,
    action: "app.read",
    handle: async (request) => {
      const environment = environmentOf(request);
      const { jobs } = await readStatus(request, environment);
      const answer: JobList = { jobs: jobViews(environment.deployer.environment.jobs, jobs) };
      return Response.json(answer);
    },
  },
  {
    method: "POST",
    path: `${base}/scale`,
    action: "processes.scale",
    handle: async (request) => {
      const environment = environmentOf(request);
      const fields = await fieldsOf(request, ["instances", "confirm"]);
      const instances = instancesOf(fields.instances);
      const runId = await startOperation(request.services, environment, {
        operation: "scale",
        caller: request.caller,
        address: request.address,
        confirm: optionalText(fields.confirm, "confirm"),
        detail: Object.entries(instances)
          .map(([name, number]) => `${name} ${number}`)
          .join(", "),
        start: (deployer) => deployer.scale(instances),
      });
      return started(runId);
    },
  },
  {
    method: "POST",
    path: `${base}/restart`,
    action: "processes.restart",
    handle: async (request) => {
      const environment = environmentOf(request);
      const fields = await fieldsOf(request, ["process", "confirm"]);
      const process = optionalText(fields.process, "process");
      const runId = await startOperation(request.services, environment, {
        operation: "restart",
        caller: request.caller,
        address: request.address,
        confirm: optionalText(fields.confirm, "confirm"),
        detail: process ?? "all processes",
        start: (deployer) => deployer.restart(process),
      });
      return started(runId);
    },
  },
];

function readStatus({ services }: RouteRequest, environment: ConsoleEnvironment): Promise<EnvironmentStatus> {
  services.states.seen(environment);
  return services.states.of(environment).status.get(freshMs);
}

/** Names and numbers only: which of them exist, and how many there may be, the deployer knows. */
function instancesOf(value: unknown): Readonly<Record<string, number>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value);
    const fits = entries.every(([name, number]) => name.length <= 100 && typeof number === "number");
    if (fits && entries.length > 0 && entries.length <= 100) return Object.fromEntries(entries);
  }
  throw badRequest('"instances" has to be an object of process names and whole numbers.');
}
