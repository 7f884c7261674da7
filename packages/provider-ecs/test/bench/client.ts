/**
 * What the bench measures: one operation on an app, as a process of its own, which prints what it cost as JSON.
 *
 * node client.mjs nothing | plan | up | down, with DEPLOY_BENCH_APP as JSON; the vendor is found by AWS_ENDPOINT_URL.
 */
import {
  type AnyResource,
  createDeployer,
  DeployError,
  type DeployEvent,
  defineApp,
  type ProcessInput,
  prepareRemoval,
  redact,
  systemClock,
} from "@deploy/core";
import { createClients } from "../../src/clients.js";
import { repository } from "../../src/images/ecr-repository.js";
import { type EcsOptions, ecs } from "../../src/index.js";
import { settingsOf } from "../../src/options.js";
import type { Parts } from "../../src/parts.js";
import { createFoundations } from "../../src/servers/create-foundation.js";
import { fixedImage } from "../support/fixed-image.js";

interface BenchApp {
  /** Another version is another image. */
  readonly version?: string;
  /** How many processes without an address. */
  readonly workers?: number;
  /** Only web, and workers. */
  readonly plain?: boolean;
}

const verb = process.argv[2] ?? "nothing";
const {
  version = "one",
  workers = 1,
  plain = false,
} = JSON.parse(process.env.DEPLOY_BENCH_APP ?? "{}") as BenchApp;

const names = Array.from({ length: workers }, (_, index) => (index === 0 ? "worker" : `worker-${index + 1}`));
const processes: Record<string, ProcessInput> = {
  web: { command: "node web.js", health: "/healthz" },
  ...(plain ? {} : { api: { command: "node api.js", internal: true } }),
  ...Object.fromEntries(names.map((name) => [name, { command: `node ${name}.js` }])),
};
const options: EcsOptions = {
  region: "us-east-1",
  // An emulator knows a new role at once.
  roleRestSeconds: 0,
  ...(plain ? {} : { autoscaling: { worker: { min: 1, max: 4, cpu: 60 } } }),
};
const target = ecs(options);
const app = defineApp({
  name: "shop",
  build: { dockerfile: "Dockerfile" },
  processes,
  ...(plain ? {} : { jobs: { nightly: { schedule: "0 3 * * *", command: "node nightly.js" } } }),
  secrets: ["SECRET_KEY"],
  environments: { production: { target, images: imagesInRepository() } },
});
const { DEPLOY_BENCH_APP: _app, ...env } = process.env;
const deleteData = ["SECRET_KEY", "shop"];
const deployer = createDeployer(app, { environment: "production", env });
// As a user does: values are given once, and stay.
const given = version === "one" ? { secrets: { SECRET_KEY: redact("s3cret-Wq8x3Jr5") } } : {};

const events: { readonly at: number; readonly event: DeployEvent }[] = [];
const startedAt = performance.timeOrigin + performance.now();
try {
  const result = await run();
  const { user, system } = process.cpuUsage();
  print({
    ...result,
    // Since the process was started, as the kernel and Node count it.
    wallMs: performance.now(),
    cpuMs: (user + system) / 1000,
    startedAt,
    endedAt: performance.timeOrigin + performance.now(),
    events: events.map(({ at, event }) => ({
      at,
      type: event.type,
      id: "id" in event ? event.id : undefined,
    })),
  });
} catch (error) {
  console.error(DeployError.is(error) ? `${error.code}: ${error.message}\n${error.hint}` : error);
  process.exitCode = 1;
}

async function run(): Promise<object> {
  if (verb === "nothing") return {};
  if (verb === "plan") {
    const { changes, unchanged, blocks } = await deployer.plan();
    return {
      unchanged,
      blocks,
      changes: changes.map(({ id, label, action, fields, after }) => ({ id, label, action, fields, after })),
    };
  }
  if (verb === "up") {
    const operation = deployer.up(process.argv[3] === "again" ? {} : given);
    for await (const event of operation)
      events.push({ at: performance.timeOrigin + performance.now(), event });
    const { plan } = await operation;
    return {
      unchanged: plan.unchanged,
      changes: plan.changes.map(({ id, label, action, after }) => ({ id, label, action, after })),
    };
  }
  // For the order of the steps, which a removal does not tell.
  const { plan } = await prepareRemoval({
    scope: { app: "shop", environment: "production" },
    providers: [target],
    context: {
      env,
      fetch,
      clock: systemClock,
      directory: process.cwd(),
      signal: new AbortController().signal,
    },
    options: { force: true, deleteData },
  });
  const operation = deployer.down({ confirm: "shop", deleteData });
  for await (const event of operation) events.push({ at: performance.timeOrigin + performance.now(), event });
  const { removed, kept, left } = await operation;
  return {
    removed,
    kept,
    left,
    changes: plan.changes.map(({ id, label, action, after }) => ({ id, label, action, after })),
  };
}

/** The image is there; the repository is one of what a plan looks at. */
function imagesInRepository(): ReturnType<typeof fixedImage> {
  const fixed = fixedImage(version);
  const settings = settingsOf(options);
  const clients = createClients(settings);
  const parts: Parts = { settings, clients, foundation: createFoundations(clients, settings) };
  return {
    ...fixed,
    images: {
      ...fixed.images,
      async image(context, scope, input) {
        const { resources, ...plan } = await fixed.images.image(context, scope, input);
        return { ...plan, resources: [...resources, repository(parts, scope) as AnyResource] };
      },
    },
  };
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
