import assert from "node:assert/strict";
import {
  type AnyResource,
  type ApplyResult,
  applyPlan,
  type Context,
  DeployError,
  type DeployEvent,
  type Owned,
  type Plan,
  type PlanPermissions,
  type PreparedPlan,
  type Provider,
  preparePlan,
  type Scope,
  systemClock,
} from "@deploy/core";
import { type ReferenceProvider, referenceProvider } from "../reference/provider.js";
import { skip } from "../scenario.js";
import type { Fixtures, Subject } from "../subject.js";
import { ownedOf } from "./clear.js";
import { instrument } from "./instrument.js";
import { createTranscript, type Transcript } from "./transcript.js";
import { createWorkplace, type Workplace } from "./workplace.js";

/** The value of the kit's own secret; it must not be found in anything that is said. */
export const kitSecret = "kit-s3cret-Wq8x3Jr5";

/** Elements and powers that a scenario may ask for. */
export type Part =
  | "servers"
  | "images"
  | "containers"
  | "logs"
  | "secrets"
  | "ingress"
  | "dns"
  | "certificates"
  | "addons"
  | "access"
  | "costs"
  | "lease";

/** What a scenario works with: a provider, a scope of its own, and hands that write down what is said. */
export interface Bench {
  readonly subject: Subject;
  /** The provider under test; all that it says goes into the transcript. */
  readonly provider: Provider;
  /** Small in-memory elements for what the provider lacks. */
  readonly filler: ReferenceProvider;
  readonly scope: Scope;
  readonly transcript: Transcript;
  readonly workplace: Workplace;
  /** Another provider of the same vendor, with nothing in common but what the vendor holds. */
  freshProvider(): Provider;
  /** A second scope, cleared away as well. */
  otherScope(name: string): Scope;
  context(changes?: Partial<Context>): Context;
  part<Name extends Part>(name: Name): NonNullable<Provider[Name]>;
  fixture<Name extends keyof Fixtures>(name: Name): NonNullable<Fixtures[Name]>;
  /** Plans these resources and what they depend on; with `prune`, the provider is asked for what is no longer wanted. */
  plan(resources: readonly AnyResource[], options?: BenchPlan): Promise<PreparedPlan>;
  /** Plans and applies. */
  apply(resources: readonly AnyResource[], options?: BenchPlan): Promise<ApplyResult>;
  /** Fails unless a plan of these resources has nothing to do. */
  assertSettled(resources: readonly AnyResource[], options?: BenchPlan): Promise<void>;
  owned(scope?: Scope): Promise<readonly Owned[]>;
  /** The error that `work` ends with; fails when there is none, or when it is no `DeployError`. */
  failure(what: string, work: () => unknown): Promise<DeployError>;
  /** What `work` answers within `milliseconds`; fails when it takes longer. */
  within<T>(milliseconds: number, what: string, work: PromiseLike<T>): Promise<T>;
  /** Calls that have reached the vendor so far; undefined where nobody can count them. */
  requests(): number;
}

/** How a bench plans. */
export interface BenchPlan {
  readonly scope?: Scope;
  readonly prune?: boolean;
  readonly provider?: Provider;
  readonly context?: Partial<Context>;
  readonly permissions?: PlanPermissions;
  readonly emit?: (event: DeployEvent) => void;
}

/** A bench for one scenario. `scopes` collects what has to be cleared away. */
export function createBench(subject: Subject, scope: Scope, scopes: Set<Scope>): Bench {
  const transcript = createTranscript();
  for (const secret of [kitSecret, ...(subject.secrets ?? [])]) transcript.keepSecret(secret);
  const freshProvider = (): Provider => instrument(subject.provider(), transcript.watch);
  const provider = freshProvider();
  const workplace = createWorkplace(subject.fixtures?.app?.directory);
  let fetched = 0;
  const base = subject.context?.fetch ?? fetch;
  const counted: typeof fetch = (input, init) => {
    fetched += 1;
    return base(input, init);
  };
  const kind = provider.certificates?.capabilities.kind;
  const filler = createFiller(kind, provider);
  scopes.add(scope);

  const bench: Bench = {
    subject,
    provider,
    filler,
    scope,
    transcript,
    workplace,
    freshProvider,
    otherScope(name) {
      const other = { app: scope.app, environment: name };
      scopes.add(other);
      return other;
    },
    context: (changes = {}) => ({
      signal: new AbortController().signal,
      env: subject.context?.env ?? process.env,
      fetch: counted,
      clock: subject.context?.clock ?? systemClock,
      directory: workplace.directory(),
      log: (line) => transcript.note("log", line),
      output: () => undefined,
      shared: (_key, load) => load(),
      ...changes,
    }),
    part: (name) => {
      const part = provider[name];
      assert.ok(part, `${provider.name} has no ${name}`);
      return part as never;
    },
    fixture: (name) => subject.fixtures?.[name] ?? skip(`the subject supplies no fixtures.${name}`),
    async plan(resources, options = {}) {
      const { log: _log, output: _output, shared: _shared, ...base } = bench.context(options.context);
      const prepared = await preparePlan({
        operation: "up",
        scope: options.scope ?? scope,
        providers: [options.provider ?? provider],
        context: base,
        resources,
        prune: options.prune ?? false,
        options: options.permissions ?? {},
      });
      transcript.note("plan", prepared.plan);
      return prepared;
    },
    async apply(resources, options = {}) {
      const prepared = await bench.plan(resources, options);
      const emit = (event: DeployEvent): void => {
        transcript.note(`event ${event.type}`, event);
        options.emit?.(event);
      };
      return applyPlan(prepared, { emit });
    },
    async assertSettled(resources, options = {}) {
      const { plan } = await bench.plan(resources, options);
      assertEmpty(plan);
    },
    owned: (other = scope) => ownedOf(provider, bench.context(), other),
    async failure(what, work) {
      let answer: unknown;
      try {
        answer = await work();
      } catch (thrown) {
        transcript.note(`error of ${what}`, thrown);
        assert.ok(DeployError.is(thrown), `${what}: fails with ${describe(thrown)}, which is no DeployError`);
        assert.match(
          thrown.code,
          /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/,
          `${what}: the code is not "element.reason"`,
        );
        assert.ok(thrown.message.length > 0, `${what}: the error says nothing`);
        return thrown;
      }
      assert.fail(`${what}: succeeds (${JSON.stringify(answer) ?? "undefined"}) where it has to fail`);
    },
    async within(milliseconds, what, work) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        const error = new assert.AssertionError({ message: `${what}: not within ${milliseconds} ms` });
        timer = setTimeout(() => reject(error), milliseconds);
      });
      return Promise.race([work, late]).finally(() => clearTimeout(timer));
    },
    requests: () => subject.requests?.() ?? fetched,
  };
  return bench;
}

/** What the provider lacks, in memory. */
function createFiller(certificateKind: string | undefined, provider: Provider): ReferenceProvider {
  const filler = referenceProvider({
    name: "kit",
    ...(certificateKind === undefined ? {} : { certificateKinds: [certificateKind] }),
  });
  if (provider.containers === undefined) return filler;
  // Which images are in use is known to the provider alone, so that none of the kit's may go.
  return {
    ...filler,
    owned: async (context, scope, options) =>
      ((await filler.owned?.(context, scope, options)) ?? []).filter(({ element }) => element !== "images"),
  };
}

/** Fails unless a plan has nothing to do, naming what it would do. */
export function assertEmpty(plan: Plan, what = "planned again"): void {
  assert.deepEqual(plan.blocks, [], `${what}: something keeps the plan from being applied`);
  const changes = plan.changes.map(
    ({ verb, id, fields }) => `${verb} ${id} (${fields.map((field) => field.path).join(", ")})`,
  );
  assert.deepEqual(changes, [], `${what}: there should be nothing to do`);
}

/** Anything thrown, in one line. */
export function describe(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
