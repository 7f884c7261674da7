import { CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { conformance, type Scenario, type Subject } from "@deploy/conformance/vitest";
import { describe } from "vitest";
import { isRead } from "../../src/clients.js";
import { type EcsOptions, ecs } from "../../src/index.js";
import { isIdempotent } from "./idempotent.js";
import { has } from "./needs.js";
import { settingsFor } from "./picture.js";
import { briskClock } from "./small-app.js";
import { useVendor, type Vendor } from "./use-vendor.js";

/** What the kit's scenarios are divided into: each is a file of its own, so that they run beside each other. */
export type ConformancePart = "provider" | "composed" | "containers" | "elements";

/** Registers one part of the kit against this provider on moto. */
export async function conformanceOnMoto(part: ConformancePart): Promise<void> {
  const hasPython = await has("python");
  describe.skipIf(!hasPython)("on moto", () => {
    const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });
    conformance(ecsSubject(vendor), { only: (scenario) => partOf(scenario) === part });
  });
}

/** Every scenario is in one part, whatever it is called. */
function partOf({ name, element }: Pick<Scenario, "name" | "element">): ConformancePart {
  if (name.startsWith("provider: composed")) return "composed";
  return element === "provider" || element === "containers" ? element : "elements";
}

/** Whoever gets and loses access. */
const person = "maria";

const runsNothing = "moto runs no command";
const rolloutsSucceed = "moto calls every rollout done";

/** Defects of moto by the scenario that they fail, and what shows the same instead. */
const expectedFailures: Readonly<Record<string, string>> = {
  "containers: a process that ends at once fails the rollout, and the one in service stays": `${rolloutsSucceed}; test/scripted-up.test.ts ("ends with what happened …")`,
  "containers: a release command that fails keeps the processes as they are": `${runsNothing}: each ends with 0; test/scripted-up.test.ts ("with a release command"), examples/ecs ("stops at a migration that fails, and shows why")`,
  "containers: the release command runs once for an image, before its processes, and again when asked": `${runsNothing}, and so nothing is printed; test/scripted-up.test.ts ("runs it once for an image, and again when asked")`,
  "containers: a one-off command ends with its true exit code and sees config, secrets and input": `${runsNothing}; examples/ecs ("shows what runs, and what it prints")`,
  "containers: a command goes into an instance that serves, and an unknown instance is refused": `moto has no ExecuteCommand; src/containers/exec/session.test.ts, on a WebSocket server`,
  "containers: after a rollback the processes see the old config and the old secret": `${runsNothing}; src/containers/containers.test.ts ("keeps what came as a secret …, and puts it back on a rollback")`,
  "addons: processes find its URL in their environment, and a release waits for it": `${runsNothing}; src/addons/managed.test.ts, examples/ecs ("goes from an empty account to a URL that answers")`,
  "provider: composed, after a failure in the middle everything can be removed": `${rolloutsSucceed}; test/crash, which removes what a killed run has left`,
};

/**
 * What the kit needs to try this provider on moto, which runs nothing: images are the kit's own here, and tried on
 * ministack with a Docker Engine.
 */
function ecsSubject(vendor: () => Vendor, options: Partial<EcsOptions> = {}): Subject {
  return {
    provider() {
      // Moto knows a role at once.
      const { images: _images, ...rest } = ecs({ region: "us-east-1", roleRestSeconds: 0, ...options });
      return rest;
    },
    fixtures: {
      app: { directory: new URL("conformance-app", import.meta.url).pathname, web: "node server.js" },
      person,
    },
    isIdempotent: (url, init) => isIdempotent(operationOf(url, init), textOf(init)),
    context: {
      env: new Proxy<Record<string, string | undefined>>(
        {},
        {
          // The emulator's address is known once it runs, and the kit wants to have an environment before.
          get: (_target, name) => variables(vendor)[String(name)],
          has: (_target, name) => String(name) in variables(vendor),
          ownKeys: () => Object.keys(variables(vendor)),
          getOwnPropertyDescriptor: (_target, name) => ({
            value: variables(vendor)[String(name)],
            enumerable: true,
            configurable: true,
          }),
        },
      ),
      fetch,
      clock: briskClock,
    },
    isRead: (url, init) => isRead(operationOf(url, init)),
    requests: () => vendor().proxy.calls.length,
    secrets: ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    async reset() {
      await vendor().reset();
      const iam = new IAMClient(settingsFor(vendor().emulator.url));
      await iam.send(new CreateUserCommand({ UserName: person }));
    },
    // Defects of moto, and what shows the same instead.
    expectedFailures,
    timeouts: { scenario: 120_000, abort: 5_000 },
  };
}

function variables(vendor: () => Vendor): Readonly<Record<string, string | undefined>> {
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...vendor().env };
}

/** What EventBridge Scheduler and S3 do, which name their operations by method and path. */
const byPath: readonly (readonly [method: string, path: RegExp, operation: string])[] = [
  ["POST", /^\/schedules\//, "CreateSchedule"],
  ["PUT", /^\/schedules\//, "UpdateSchedule"],
  ["DELETE", /^\/schedules\//, "DeleteSchedule"],
  ["POST", /^\/schedule-groups\//, "CreateScheduleGroup"],
  ["DELETE", /^\/schedule-groups\//, "DeleteScheduleGroup"],
];

/** The operation of a request as the SDK sends it; `Unknown` where it is none that is known. */
function operationOf(url: string, init: RequestInit): string {
  const target = new Headers(init.headers).get("x-amz-target");
  if (target !== null) return target.split(".").at(-1) ?? "";
  const action = new URLSearchParams(textOf(init)).get("Action");
  if (action !== null) return action;
  const method = init.method ?? "GET";
  if (method === "GET" || method === "HEAD") return "Get";
  const { pathname } = new URL(url);
  return byPath.find(([one, path]) => one === method && path.test(pathname))?.[2] ?? "Unknown";
}

/** The body of a request as text; empty where there is none. */
function textOf({ body }: RequestInit): string {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? Buffer.from(body).toString() : "";
}
