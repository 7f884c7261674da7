import { isSupported } from "@deploy/core";
import { refusal } from "../../access/errors.js";
import { actorOf } from "../../apps/operations.js";
import type { ConsoleEnvironment } from "../../apps/types.js";
import type { ShellTicket } from "../../shared/run-types.js";
import { createShellDesk, type ShellDesk } from "../../shell/shell-desk.js";
import { runShell, SHELL_LIMITS, type ShellEnd } from "../../shell/shell-session.js";
import type { Route, RouteRequest, SocketRequest } from "../route.js";
import { TICKET_LIFE, type Tickets } from "../tickets.js";
import { badRequest, environmentOf, fieldsOf, notFound, optionalText } from "./environment-of.js";

const base = "/api/apps/:app/environments/:environment/shell";

/** Which ticket is for which instance; one desk for the tickets of one console. */
const desks = new WeakMap<Tickets, ShellDesk>();

/** What a copy of the release is called that runs for one shell only. */
const freshCopy = "a fresh copy";

/** A shell inside an instance: off unless the console was started with it, for operators, on the record. */
export const shellRoutes: readonly Route[] = [
  {
    method: "POST",
    path: `${base}/ticket`,
    action: "shell.open",
    handle: async (request) => {
      const { services, caller, url } = request;
      const environment = allowed(request);
      const fields = await fieldsOf(request, ["instance"]);
      const wanted = optionalText(fields.instance, "instance");
      const instance = await findInstance(environment, wanted);
      const ticket = services.tickets.issue(caller, url.pathname.replace(/\/ticket$/, ""));
      deskOf(request).put(ticket, instance);
      const answer: ShellTicket = {
        ticket,
        expiresAt: services.now() + TICKET_LIFE,
        idleMinutes: SHELL_LIMITS.idleMs / 60_000,
      };
      return Response.json(answer);
    },
  },
  {
    method: "SOCKET",
    path: base,
    action: "shell.open",
    ticket: true,
    check: (request) => void allowed(request),
    connect: openShell,
  },
];

async function openShell(request: SocketRequest): Promise<void> {
  const { services, socket, signal, caller, address } = request;
  const environment = allowed(request);
  const { app, deployer } = environment;
  const desk = deskOf(request);
  const instance = desk.take(offeredTicket(request) ?? "");
  if (instance === undefined) {
    socket.close(1008, "no instance");
    return;
  }
  const record = { actor: actorOf(caller), address, app, environment: environment.environment };
  let openedAt: number | undefined;
  const leave = desk.enter();
  if (leave === undefined) {
    socket.close(1013, "too many shells");
    return;
  }
  const end = await runShell({
    deployer,
    instance,
    ...(instance === freshCopy ? { freshCopy: (options) => deployer.run(options) } : {}),
    socket,
    signal,
    limits: SHELL_LIMITS,
    onOpen: async () => {
      await services.access.audit({ ...record, action: "shell.open", subject: instance });
      openedAt = services.now();
    },
  }).finally(leave);
  if (openedAt === undefined) return;
  const seconds = Math.round((services.now() - openedAt) / 1000);
  const detail = `${howItEnded(end)} after ${seconds} s`;
  await services.access.audit({ ...record, action: "shell.close", subject: instance, detail });
}

function howItEnded(end: ShellEnd | undefined): string {
  if (end === undefined) return "left";
  return end.exitCode === undefined ? end.reason : `${end.reason} with code ${end.exitCode}`;
}

/** The environment, where the console was started with shells for its app and the provider can open one. */
function allowed(request: Pick<RouteRequest, "params" | "services">): ConsoleEnvironment {
  const environment = environmentOf(request);
  const { shellApps = [] } = request.services.options;
  if (!shellApps.includes("*") && !shellApps.includes(environment.app)) {
    throw refusal({
      status: 403,
      code: "console.shell-off",
      message: `Shells in the browser are off for ${environment.app}.`,
      hint: `Whoever runs the console turns them on: --shell ${environment.app}. In a terminal there is \`deploy exec\`.`,
    });
  }
  const { target } = environment.deployer.environment.providers;
  const { exec, run } = target.containers.capabilities;
  if (!isSupported(exec) && !isSupported(run)) {
    throw refusal({
      status: 409,
      code: "containers.unsupported",
      message: `${target.name} cannot run commands inside an instance: ${exec.no}.`,
      hint: "There is no other way in: look at the logs, which the console keeps.",
    });
  }
  return environment;
}

/**
 * The instance of that name, of this app in this environment; else the first that runs. Where the provider lets nobody
 * into an instance, it is a fresh copy of the release.
 */
async function findInstance({ deployer }: ConsoleEnvironment, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined && !/^[\w:.-]{1,100}$/.test(wanted)) {
    throw badRequest('"instance" has to be a name such as web.1.');
  }
  const { exec } = deployer.environment.providers.target.containers.capabilities;
  if (!isSupported(exec)) {
    if (wanted === undefined) return freshCopy;
    throw notFound(`Nobody is let into ${wanted}: ${exec.no}. Leave the instance away, for a fresh copy.`);
  }
  const { processes } = await deployer.status();
  const running = processes
    .flatMap(({ instances }) => instances)
    .filter(({ state }) => state === "running" || state === "draining");
  const found = wanted === undefined ? running[0] : running.find(({ name }) => name === wanted);
  if (found !== undefined) return found.name;
  throw notFound(
    wanted === undefined ? "Nothing runs at present." : `There is no instance ${wanted} that runs.`,
  );
}

function offeredTicket({ request }: SocketRequest): string | undefined {
  const offered = request.headers["sec-websocket-protocol"]?.split(",").map((one) => one.trim()) ?? [];
  return offered.find((one) => one.startsWith("ticket."))?.slice("ticket.".length);
}

function deskOf({ services }: Pick<RouteRequest, "services">): ShellDesk {
  const present = desks.get(services.tickets);
  if (present !== undefined) return present;
  const desk = createShellDesk(services.now);
  desks.set(services.tickets, desk);
  return desk;
}
