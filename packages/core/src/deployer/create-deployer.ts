import { resolveEnvironment } from "../app/resolve.js";
import type { App } from "../app/types.js";
import { type ValidatedApp, validateApp } from "../app/validate.js";
import type { Identity } from "../elements/provider.js";
import { accessVerbs } from "./access-verbs.js";
import { addonVerbs } from "./addon-verbs.js";
import { scopeOf } from "./compose.js";
import { callContext, makeSurroundings } from "./context.js";
import { cost } from "./cost.js";
import { doctor } from "./doctor.js";
import { domainsVerbs } from "./domains-verbs.js";
import { down } from "./down.js";
import { breakLock, logs, releases, status } from "./inspect.js";
import { exec, restart, run, scale } from "./operate.js";
import { promoteFrom } from "./promote.js";
import { usedProviders } from "./providers.js";
import { rollback } from "./rollback.js";
import { secretVerbs } from "./secret-verbs.js";
import { identityOf, type Session } from "./session.js";
import type { Deployer, DeployerOptions } from "./types.js";
import { planUp, up } from "./up.js";

/**
 * Everything that can be done with one environment of one app, from a script.
 *
 * Nothing is asked of any vendor until a verb is called.
 *
 * @throws `config.invalid`, `config.unknown-environment`, `config.no-target`.
 */
export function createDeployer(app: App, options: DeployerOptions = {}): Deployer {
  const validated = validate(app, options.file);
  const { defaultTarget } = options;
  const environment = resolveEnvironment(
    validated.app,
    options.environment ?? "local",
    defaultTarget === undefined ? {} : { defaultTarget },
  );
  const session: Session = {
    app: validated.app,
    environment,
    scope: scopeOf(environment),
    surroundings: makeSurroundings(options),
    notes: validated.notes,
    identities: new Map(),
  };
  return {
    app: validated.app,
    environment,
    plan: (planOptions = {}) => planUp(session, planOptions),
    up: (upOptions = {}) => up(session, upOptions),
    rollback: (rollbackOptions = {}) => rollback(session, rollbackOptions),
    promoteFrom: (source, upOptions = {}) => promoteFrom(session, source, upOptions),
    down: (downOptions) => down(session, downOptions),
    status: () => status(session),
    releases: () => releases(session),
    logs: (query = {}) => logs(session, query),
    run: (runOptions) => run(session, runOptions),
    exec: (execOptions) => exec(session, execOptions),
    scale: (instances) => scale(session, instances),
    restart: (process) => restart(session, process),
    breakLock: () => breakLock(session),
    cost: () => cost(session),
    doctor: () => doctor(session),
    identity: () => identities(session),
    credentials: () =>
      Object.fromEntries(usedProviders(environment).map(({ name, credentials }) => [name, credentials])),
    secrets: secretVerbs(session),
    addons: addonVerbs(session),
    access: accessVerbs(session),
    domains: domainsVerbs(session),
  };
}

/** Reads the file only when something is wrong with it: then the problems come with their lines. */
function validate(app: App, file: string | undefined): ValidatedApp {
  try {
    return validateApp(app);
  } catch (error) {
    const text = file === undefined ? undefined : textOf(file);
    if (file === undefined || text === undefined) throw error;
    return validateApp(app, { file, text });
  }
}

function textOf(file: string): string | undefined {
  try {
    return process.getBuiltinModule("node:fs").readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

async function identities(session: Session): Promise<Readonly<Record<string, Identity>>> {
  const context = callContext(session.surroundings);
  const known = usedProviders(session.environment).filter((provider) => provider.identity !== undefined);
  const entries = await Promise.all(
    known.map(async (provider) => [provider.name, await identityOf(session, provider, context)] as const),
  );
  return Object.fromEntries(entries);
}
