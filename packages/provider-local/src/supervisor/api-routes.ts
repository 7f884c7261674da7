import { type DeployError, type Route, reveal } from "@deploy/core";
import type { AddonRecord, AddonRequest, ReleaseRequest, SupervisorFacts } from "../protocol.js";
import { type ApiHandler, type ApiRequest, badRequest } from "./api-server.js";
import type { Environment } from "./environment.js";
import { type Environments, keyOf } from "./environments.js";
import type { Machinery } from "./machinery.js";
import type { OneOffRequest } from "./one-offs.js";

/** What the routes need of the supervisor as a whole. */
export interface ApiParts {
  readonly machinery: Machinery;
  readonly facts: () => SupervisorFacts;
  readonly environments: Environments;
  /** Hands over to another program; answers once that one is ready. */
  readonly handOver: (program: string) => Promise<SupervisorFacts>;
  /** Ends the supervisor and, unless apps are left, all that it started. */
  readonly shutDown: () => Promise<void>;
}

const namePattern = /^[a-z][a-z0-9-]{0,40}(\/[a-z0-9][a-z0-9-]{0,40})*$/;

/** The supervisor's interface as one table: method and path to what is done. */
export function createApi(parts: ApiParts): ApiHandler {
  return async (request) => {
    const [area, app, environment, thing, name, verb] = request.path;
    if (area === "supervisor") return supervisorCall(parts, request, app);
    if (area !== "environments" || app === undefined || environment === undefined) throw unknownCall(request);
    if (!namePattern.test(app) || !namePattern.test(environment))
      throw badRequest("That is no name of an environment.");
    if (thing === undefined) {
      if (request.method === "DELETE") return parts.environments.remove(app, environment);
      return (await parts.environments.all.get(keyOf(app, environment))?.view()) ?? null;
    }
    // Logs outlive their environment: removing them must not open it again.
    if (thing === "logs" && request.method === "DELETE")
      return parts.machinery.logs.removeLogs({ app, environment });
    const opened = await parts.environments.open(app, environment);
    if (thing === "routes")
      parts.environments.checkHosts(app, environment, request.body.routes as readonly Route[]);
    if (thing === "addons") return addonCall(parts.machinery, opened, request, name, verb);
    return environmentCall(opened, request, thing, name, verb);
  };
}

async function supervisorCall(
  parts: ApiParts,
  request: ApiRequest,
  verb: string | undefined,
): Promise<unknown> {
  if (request.method === "GET") {
    return {
      ...parts.facts(),
      environments: [...parts.environments.all.values()].map(({ state }) => [state.app, state.environment]),
    };
  }
  if (verb === "hand-over") return parts.handOver(text(request, "program"));
  if (verb === "shut-down") return parts.shutDown();
  throw unknownCall(request);
}

async function environmentCall(
  environment: Environment,
  request: ApiRequest,
  thing: string,
  name: string | undefined,
  verb: string | undefined,
): Promise<unknown> {
  const { body, reporter } = request;
  const call = `${request.method} ${thing}${verb === undefined ? "" : ` ${verb}`}`;
  switch (call) {
    case "POST releases":
      return environment.createRelease(body as unknown as ReleaseRequest);
    case "POST releases command":
      return environment.runReleaseCommand(
        Number(name),
        body as { command: string | readonly string[]; timeoutMs: number; again: boolean },
        reporter,
      );
    case "POST releases roll-out":
      return environment.rollOut(Number(name), body.instances as Record<string, number>, reporter);
    case "POST scale":
      return environment.scale(body.instances as Record<string, number>, reporter);
    case "POST restart":
      return environment.restart(body.process as string | undefined, reporter);
    case "PUT ports":
      return environment.reservePort(name ?? "");
    case "PUT routes":
      return environment.setRoutes(body.routes as readonly Route[]);
    case "POST one-offs":
      return environment.oneOffs.plan(body as unknown as OneOffRequest);
    case "PUT one-offs":
      return environment.oneOffs.started(name ?? "", Number(body.pid), text(request, "startTime"));
    case "DELETE one-offs":
      return environment.oneOffs.ended(name ?? "");
    case "DELETE processes":
      return environment.stopProcesses();
    default:
      throw unknownCall(request);
  }
}

async function addonCall(
  machinery: Machinery,
  environment: Environment,
  request: ApiRequest,
  name: string | undefined,
  verb: string | undefined,
): Promise<unknown> {
  const { state } = environment;
  const id = { app: state.app, environment: state.environment, name: name ?? text(request, "name") };
  const operation = { onProgress: request.reporter.progress };
  const put = async (record: AddonRecord): Promise<void> => {
    state.addons = [...state.addons.filter((one) => one.name !== record.name), record];
    await environment.save();
  };
  const known = state.addons.find((one) => one.name === id.name);
  switch (`${request.method}${verb === undefined ? "" : ` ${verb}`}`) {
    case "PUT": {
      const wanted = request.body as unknown as AddonRequest & { readonly directory: string };
      const running = await machinery.databases.ensure(
        { ...wanted, ...id, kind: wanted.kind as "postgres" },
        operation,
      );
      await put({
        name: id.name,
        kind: wanted.kind,
        extensions: wanted.extensions,
        backedUpBefore: known?.backedUpBefore ?? 0,
        ...(wanted.version === undefined ? {} : { version: wanted.version }),
      });
      return { url: reveal(running.url), version: running.version };
    }
    case "GET":
      return (await machinery.databases.status(id)) ?? null;
    case "GET url": {
      if (known === undefined) return null;
      const running = await machinery.databases.ensure(
        { ...id, ...known, kind: known.kind as "postgres" },
        operation,
      );
      return { url: reveal(running.url), version: running.version };
    }
    case "GET backups":
      return machinery.databases.listBackups(id);
    case "POST backups": {
      const release = Number(request.body.release);
      const backup = await machinery.databases.backup(id, release, operation);
      if (known !== undefined && request.body.beforeRelease === true)
        await put({ ...known, backedUpBefore: release });
      return backup;
    }
    case "POST restore":
      return machinery.databases.restore(id, request.body.backup as string | number, operation);
    case "GET connect": {
      const connection = await machinery.databases.connect(id);
      const env = Object.fromEntries(
        Object.entries(connection.env).map(([key, value]) => [key, reveal(value)]),
      );
      return { argv: connection.argv, env };
    }
    case "DELETE":
      await machinery.databases.remove(id, operation);
      state.addons = state.addons.filter((one) => one.name !== id.name);
      return environment.save();
    default:
      throw unknownCall(request);
  }
}

function text(request: ApiRequest, field: string): string {
  const value = request.body[field];
  if (typeof value === "string") return value;
  throw badRequest(`The field ${field} is missing.`);
}

function unknownCall(request: ApiRequest): DeployError {
  return badRequest(`This supervisor has no call ${request.method} /${request.path.join("/")}.`);
}
