import {
  type Answer,
  type Call,
  type CallRequest,
  createFaultProxy,
  type Fault,
  type FaultProxy,
} from "@deploy/conformance";
import { createMemory, crossFieldViolations } from "./cross-field-rules.js";
import { decodeAnswer, encodeAnswer, encodeError } from "./models/answers.js";
import { decodeRequest } from "./models/decode-request.js";
import { modelOf, type Operation, type ServiceModel } from "./models/model.js";
import { violationsOf } from "./models/validate.js";
import { emulatorFiles } from "./needs.js";
import { chooseTruth, type RunningScript, type Script, type Truth } from "./scripts.js";

/** A call to AWS, as the proxy has read it from the wire. */
export interface AwsCall {
  /** Counts from 1 since the last reset. */
  readonly number: number;
  /** As in the signature: `ecs`, `elasticloadbalancing`. */
  readonly service: string;
  /** `CreateService`. */
  readonly operation: string;
  readonly input: Record<string, unknown>;
  /** Whether it changes anything. */
  readonly mutation: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** How the proxy is made. */
export interface AwsProxyOptions {
  /** The emulator. */
  readonly target: URL;
  /** Milliseconds before each call is passed on. Default 0. */
  readonly latencyMs?: number;
  /** What the emulator leaves out, told where no other script says anything. `emptied` begins them anew. */
  readonly standIns?: () => readonly Script[];
}

/**
 * What stands between a provider and an emulator: it reads every request by AWS's own models, judges it, and tells what
 * a script has it tell.
 */
export interface AwsProxy {
  readonly url: URL;
  /** For a context or a process: the endpoint of every service, credentials of nobody, the region `us-east-1`. */
  readonly env: Readonly<Record<string, string>>;
  /** The calls since the last reset, in the order in which they came. */
  readonly calls: readonly AwsCall[];
  /** The operations of {@link calls}, such as `ecs:CreateService`. */
  readonly names: readonly string[];
  /** What AWS would refuse, since the start: a reset does not forget it. `expect(proxy.violations).toEqual([])`. */
  readonly violations: readonly string[];
  /** Adds a script; the first one that fits a call is told. */
  script(...scripts: readonly Script[]): void;
  /** Forgets calls and scripts. */
  reset(): void;
  /** Is told that the emulator has been emptied: the stand-ins forget what it held. */
  emptied(): void;
  /** The proxy below, for `crashEveryPoint`. */
  readonly faults: FaultProxy;
  /** The same name in every run, for `crashEveryPoint`: `ecs:CreateService web`. */
  label(call: Call): string;
  close(): Promise<void>;
}

/** Starts a proxy in front of an emulator. */
export async function createAwsProxy({
  target,
  latencyMs = 0,
  standIns = () => [],
}: AwsProxyOptions): Promise<AwsProxy> {
  const { models } = await emulatorFiles();
  const violations: string[] = [];
  const memory = createMemory();
  let calls: AwsCall[] = [];
  let scripts: RunningScript[] = [];
  let below = runningOf(standIns());
  const byCall = new WeakMap<Call, AwsCall>();
  // Reading a request is done once, for the question whether it changes anything, which is asked first.
  let latest: { readonly request: CallRequest; readonly read: ReadCall } | undefined;

  const readOnce = (request: CallRequest): ReadCall => {
    if (latest?.request !== request) latest = { request, read: readCall(models, request) };
    return latest.read;
  };
  const onCall = (raw: Call, request: CallRequest): Fault | undefined => {
    const read = readOnce(request);
    const { model, operation } = read;
    const call: AwsCall = {
      number: raw.number,
      service: read.service,
      operation: operation?.name ?? `${request.method} ${request.path.split("?")[0]}`,
      input: read.input,
      mutation: read.mutation,
      at: raw.at,
    };
    byCall.set(raw, call);
    calls.push(call);
    const name = `${call.service}:${call.operation}`;
    const problems = [...read.problems, ...crossFieldViolations(name, call.input, memory)];
    violations.push(...problems.map((problem) => `${name}: ${problem}`));
    if (model === undefined || operation === undefined) return delay(latencyMs);
    const truth = stacked(chooseTruth(scripts, name, call), chooseTruth(below, name, call));
    if (truth === undefined) return delay(latencyMs);
    const wrong = (text: string): void => void violations.push(`script of ${name}: ${text}`);
    return faultOf(truth, { model, operation, call, wrong });
  };

  const faults = await createFaultProxy({
    target,
    isMutation: (request) => readOnce(request).mutation,
    onCall,
  });
  const url = faults.address as URL;
  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url.href.replace(/\/$/, ""),
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      AWS_REGION: "us-east-1",
      AWS_EC2_METADATA_DISABLED: "true",
    },
    get calls() {
      return calls;
    },
    get names() {
      return calls.map(({ service, operation }) => `${service}:${operation}`);
    },
    violations,
    script(...more) {
      scripts.push(...runningOf(more));
    },
    reset() {
      calls = [];
      scripts = [];
      faults.reset();
    },
    emptied() {
      below = runningOf(standIns());
    },
    faults,
    label(raw) {
      const call = byCall.get(raw);
      if (call !== undefined) return `${call.service}:${call.operation} ${subjectOf(call.input)}`.trim();
      // A planned fault asks for the name of the call that has just come, before anybody else is told of it.
      const read = latest?.read;
      return `${read?.service}:${read?.operation?.name} ${subjectOf(read?.input ?? {})}`.trim();
    },
    close: () => faults.close(),
  };
}

/** A script that changes an answer gets the one that the stand-ins have completed. */
function stacked(told: Truth | undefined, usual: Truth | undefined): Truth | undefined {
  if (told === undefined || !("rewrite" in told) || usual === undefined || !("rewrite" in usual))
    return told ?? usual;
  return {
    rewrite: async (output, call) =>
      told.rewrite((await usual.rewrite(output, call)) as Record<string, unknown>, call),
  };
}

function runningOf(scripts: readonly Script[]): RunningScript[] {
  return scripts.map((script) => ({ script, seen: 0 }));
}

interface Known {
  readonly model: ServiceModel;
  readonly operation: Operation;
  readonly call: AwsCall;
  readonly wrong: (text: string) => void;
}

function faultOf(tell: Truth, { model, operation, call, wrong }: Known): Fault {
  const encode = (output: object): Answer => {
    // A script that AWS could not have written proves nothing.
    if (operation.output !== undefined)
      for (const line of violationsOf(model, operation.output, output)) wrong(line);
    return encodeAnswer(model, operation, output);
  };
  if ("fault" in tell) return tell.fault;
  if ("error" in tell) {
    return { kind: "answer", answer: encodeError(model, tell.error, tell.message, tell.status) };
  }
  if ("answer" in tell) {
    const { answer } = tell;
    return { kind: "answer", answer: encode(typeof answer === "function" ? answer(call) : answer) };
  }
  if ("body" in tell) {
    return {
      kind: "rewrite",
      rewrite: (answer) => ({ ...answer, body: Buffer.from(tell.body(answer.body.toString("utf8"))) }),
    };
  }
  return {
    kind: "rewrite",
    async rewrite(answer) {
      if (answer.status >= 300) return answer;
      return encode(await tell.rewrite(decodeAnswer(model, operation, answer), call));
    },
  };
}

interface ReadCall {
  readonly service: string;
  readonly model: ServiceModel | undefined;
  readonly operation: Operation | undefined;
  readonly input: Record<string, unknown>;
  readonly mutation: boolean;
  readonly problems: readonly string[];
}

function readCall(models: string, request: CallRequest): ReadCall {
  const service =
    /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const nothing = { service, model: undefined, operation: undefined, input: {} };
  const isRead = request.method === "GET" || request.method === "HEAD";
  // The registry beside ECR, and objects that are asked for by a signed URL, are no calls of a service.
  if (service === "") return { ...nothing, mutation: !isRead, problems: [] };
  const model = modelOf(models, service);
  if (model === undefined)
    return { ...nothing, mutation: !isRead, problems: [`no model of the service ${service}`] };
  try {
    const { operation, input, unknown } = decodeRequest(model, request);
    const problems = [
      ...unknown.map((name) => `has an unknown member ${name}`),
      ...(operation.input === undefined ? [] : violationsOf(model, operation.input, input)),
    ];
    return { service, model, operation, input, mutation: !isReading(operation.name), problems };
  } catch (error) {
    return {
      ...nothing,
      model,
      mutation: !isRead,
      problems: [`cannot be read: ${(error as Error).message}`],
    };
  }
}

/** Whether an operation only reads, by AWS's own words for it. */
export function isReading(operation: string): boolean {
  return /^(?:BatchCheck|BatchGet|Describe|Discover|Filter|Get|Head|List|Lookup|Search|Simulate|StartLiveTail|Test)/.test(
    operation,
  );
}

function delay(ms: number): Fault | undefined {
  return ms === 0 ? undefined : { kind: "delay", ms };
}

const subjects = [
  "serviceName",
  "family",
  "clusterName",
  "repositoryName",
  "logGroupName",
  "Name",
  "name",
  "GroupName",
  "RoleName",
];

/** The name in an input, for a label; ids that are another in every run are left out. */
function subjectOf(input: Record<string, unknown>): string {
  const name = subjects.map((key) => input[key]).find((value) => typeof value === "string");
  // The version of a secret has a random end.
  return typeof name === "string" ? name.replace(/(\/\d+)-[0-9a-f]{6}$/, "$1") : "";
}
