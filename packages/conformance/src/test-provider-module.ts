import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DeployError, type Provider } from "@deploy/core";
import { type Report, type RunOptions, resultLine, runConformance } from "./run.js";
import type { Subject } from "./subject.js";

/** A provider's module to be tried, and what with. */
export interface TestedModule {
  /** Path or URL of the built module. */
  readonly module: string;
  /** Environment variables: credentials. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with each line of the report as it comes. */
  readonly onLine?: (line: string) => void;
  /** Only scenarios whose name contains this. */
  readonly only?: string;
}

/**
 * Tries a provider from the outside, given its built module alone.
 *
 * The module exports a factory: its default export, else the first exported function that returns a provider. A file
 * `conformance.js` beside it may export a `conformance` subject with fixtures; without one, only the scenarios that
 * need none are run.
 *
 * @throws `provider.no-module`, `provider.no-factory`.
 */
export async function testProviderModule(
  tested: TestedModule,
): Promise<Pick<Report, "passed" | "failed" | "skipped" | "expected">> {
  const say = tested.onLine ?? (() => undefined);
  const report = await runBlackBox(tested.module, {
    ...(tested.env === undefined ? {} : { env: tested.env }),
    ...(tested.only === undefined ? {} : { only: tested.only }),
    onResult: (result) => say(resultLine(result)),
  });
  say(report.table().split("\n").at(-1) ?? "");
  const { passed, failed, skipped, expected } = report;
  return { passed, failed, skipped, expected };
}

/** Runs the kit against a built module, by its path or URL; see {@link testProviderModule}. */
export async function runBlackBox(
  moduleUrl: string,
  options: RunOptions & Pick<TestedModule, "env"> = {},
): Promise<Report> {
  const { env, ...run } = options;
  const subject = await subjectOf(moduleUrl, env);
  return runConformance(subject, run);
}

async function subjectOf(
  moduleUrl: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Subject> {
  const path = moduleUrl.startsWith("file:") ? fileURLToPath(moduleUrl) : moduleUrl;
  const beside = join(dirname(path), "conformance.js");
  if (existsSync(beside)) {
    const { conformance } = (await load(beside)) as { readonly conformance?: Subject };
    if (conformance !== undefined) return { ...conformance, context: { env, ...conformance.context } };
  }
  const factory = findFactory(await load(path), path);
  const declared = Object.values(factory().credentials ?? {}).filter((field) => field.secret);
  const secrets = declared.flatMap((field) => env[field.env] ?? []);
  return { provider: factory, context: { env }, secrets };
}

async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new DeployError({
      code: "provider.no-module",
      message: `${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Build the package first, and give the path of its built module, such as ./dist/index.js.",
      cause,
    });
  }
}

function findFactory(module: Readonly<Record<string, unknown>>, path: string): () => Provider {
  for (const candidate of [module.default, ...Object.values(module)]) {
    if (typeof candidate !== "function") continue;
    try {
      const made = (candidate as () => unknown)();
      if (isProvider(made)) return candidate as () => Provider;
    } catch {
      // Not every exported function is a factory, and some need arguments.
    }
  }
  throw new DeployError({
    code: "provider.no-factory",
    message: `${path} exports no function that returns a provider when it is called without arguments.`,
    hint: "Export the factory by default or by name; all its options have to be optional.",
  });
}

function isProvider(value: unknown): value is Provider {
  return typeof value === "object" && value !== null && "spec" in value && "name" in value;
}
