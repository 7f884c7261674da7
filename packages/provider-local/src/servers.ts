import { hostname } from "node:os";
import { join } from "node:path";
import type { Context, Resource, ServerStatus, Servers } from "@deploy/core";
import { createClient } from "./client.js";
import { ensureHome, findHome, type Home } from "./home.js";
import { isPortFree } from "./operating-system/free-port.js";
import { readHolder } from "./operating-system/lock-file.js";
import { createStartAtBoot } from "./operating-system/start-at-boot.js";
import { portTaken } from "./port-taken.js";
import { findProgram, installProgram } from "./program.js";
import { protocolVersion, type SupervisorFacts } from "./protocol.js";
import { connect, localResource, type Settings } from "./resources.js";
import { launchSupervisor } from "./supervisor/hand-over.js";

/** How long somebody else's supervisor may take until it answers, in milliseconds. */
const readyWithinMs = 60_000;

interface DesiredSupervisor {
  readonly program: string;
  readonly port: number | null;
  readonly startAtBoot: boolean;
}

type ObservedSupervisor = SupervisorFacts & { readonly startAtBoot: boolean };

/** The supervisor as a node of the plan; the same for all apps of the user. */
export function supervisorResource(settings: Settings): Resource<DesiredSupervisor, ObservedSupervisor> {
  return localResource<DesiredSupervisor, ObservedSupervisor>("servers", {
    id: "local/servers/supervisor",
    label: "supervisor",
    verb: "start",
    desired: {
      // Only read when a plan is made: a program that is missing must not keep `deploy --help` from working.
      get program() {
        return findProgram().digest;
      },
      port: settings.port ?? null,
      startAtBoot: settings.startAtBoot,
    },
    async read(context): Promise<ObservedSupervisor | undefined> {
      const { client, home } = connect(context);
      const facts = await client.facts();
      if (facts === undefined) return undefined;
      const boot = settings.startAtBoot
        ? await createStartAtBoot().read(programOf(home, facts.program))
        : undefined;
      return { ...facts, startAtBoot: boot?.file === "present" };
    },
    diff(desired, observed) {
      if (typeof desired === "symbol") return [];
      const changes = [];
      if (desired.program !== observed.program) {
        changes.push({ path: "program", from: observed.program, to: desired.program });
      }
      if (desired.port !== null && desired.port !== observed.port) {
        changes.push({ path: "port", from: observed.port, to: desired.port });
      }
      if (desired.startAtBoot === true && !observed.startAtBoot) {
        changes.push({ path: "startAtBoot", from: false, to: true });
      }
      return changes;
    },
    async create(context, desired) {
      const facts = await start(context, desired);
      return { ...facts, startAtBoot: await applyBoot(context, desired) };
    },
    async update(context, desired, observed) {
      const { client, home } = connect(context);
      let facts: SupervisorFacts = observed;
      if (desired.program !== observed.program || (desired.port !== null && desired.port !== observed.port)) {
        await installProgram(home, findProgram(), observed.program);
        if (desired.port !== null && desired.port !== observed.port) {
          // Asked before the one that serves is ended: afterwards nobody would be left to answer.
          if (!(await isPortFree("127.0.0.1", desired.port))) throw portTaken(desired.port);
          context.log("the supervisor is started again, on its new port");
          facts = await startAnew(context, observed, desired);
        } else if (observed.protocol !== protocolVersion) {
          context.log("the supervisor is started again: it speaks another protocol");
          facts = await startAnew(context, observed, { port: observed.port });
        } else {
          context.log("handing over to the new version; nothing is stopped");
          facts = await client.call<SupervisorFacts>("POST", ["supervisor", "hand-over"], {
            program: desired.program,
          });
        }
      }
      return { ...facts, startAtBoot: await applyBoot(context, desired) };
    },
  });
}

/**
 * Starts the supervisor, or finds the one that runs.
 *
 * @throws `servers.port-taken`, `servers.state-read-only`, `servers.disk-full`, `servers.supervisor-failed`.
 */
export async function start(
  context: Context,
  desired: Pick<DesiredSupervisor, "port">,
): Promise<SupervisorFacts> {
  const home = findHome(context.env);
  const client = createClient(home, context);
  ensureHome(home);
  const running = await client.facts();
  if (running !== undefined) return running;
  const program = findProgram();
  await installProgram(home, program, undefined);
  try {
    return await launchSupervisor({
      home,
      program: program.digest,
      environment: context.env,
      ...(desired.port === null ? {} : { port: desired.port }),
    });
  } catch (thrown) {
    const other = await findFasterOne(context, home);
    if (other === undefined) throw thrown;
    return other;
  }
}

/** The supervisor that somebody else has started meanwhile, once it answers: it is as good as ours. */
async function findFasterOne(context: Context, home: Home): Promise<SupervisorFacts | undefined> {
  const client = createClient(home, context);
  for (const end = context.clock.now() + readyWithinMs; context.clock.now() < end; ) {
    const facts = await client.facts();
    if (facts !== undefined) return facts;
    if ((await readHolder(home.lockFile)) === undefined) return undefined;
    await context.clock.sleep(50, context.signal);
  }
  return undefined;
}

/** Ends the supervisor and starts another one, where nothing can be handed over. What runs is adopted and goes on. */
async function startAnew(
  context: Context,
  observed: SupervisorFacts,
  desired: Pick<DesiredSupervisor, "port">,
): Promise<SupervisorFacts> {
  process.kill(observed.pid, "SIGTERM");
  const client = connect(context).client;
  for (let tries = 0; tries < 100 && (await client.facts().catch(() => true)) !== undefined; tries += 1) {
    await context.clock.sleep(50, context.signal);
  }
  return start(context, desired);
}

function programOf(
  home: Home,
  program: string,
): { readonly argv: readonly string[]; readonly environment: Record<string, string> } {
  return {
    argv: [process.execPath, join(home.programs, program, "supervisor.js"), home.directory, program],
    environment: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" },
  };
}

async function applyBoot(context: Context, desired: DesiredSupervisor): Promise<boolean> {
  if (!desired.startAtBoot) return false;
  const home = findHome(context.env);
  const change = await createStartAtBoot().enable(programOf(home, findProgram().digest));
  for (const argv of change.toRun) context.log(`to start it at boot, run: ${argv.join(" ")}`);
  return true;
}

/** Element one on this machine: a supervisor that outlives the command, one per user. */
export function createServers(settings: Settings): Servers {
  return {
    capabilities: {
      provisioning: { no: "the machine is there already" },
      isolation: { no: "processes of one user share memory and CPU; containers come with a Docker host" },
    },
    resources: () => ({ resources: [supervisorResource(settings)] }),
    async status(context) {
      const { client, home } = connect(context);
      const facts = await client.facts();
      const status: ServerStatus =
        facts === undefined
          ? { name: hostname(), state: "stopped", description: `no supervisor runs in ${home.directory}` }
          : {
              name: hostname(),
              state: "running",
              description: `supervisor, process ${facts.pid}, http://localhost:${facts.port}`,
            };
      return [status];
    },
  };
}
