import { checkCapabilities } from "../app/capabilities.js";
import type { Context } from "../context.js";
import type { DoctorFinding, Provider } from "../elements/provider.js";
import { toDeployError } from "../errors.js";
import { callContext, sharedContext } from "./context.js";
import { describeLease } from "./lease.js";
import { usedProviders } from "./providers.js";
import { guardAccount, identityOf, type Session } from "./session.js";

/** The oldest Node.js that Deploy runs on. */
const oldestNode = [20, 19] as const;

/** Looks at everything that a deployment needs, changes nothing, and never fails itself: a failure is a finding. */
export async function doctor(session: Session): Promise<readonly DoctorFinding[]> {
  const context = sharedContext(callContext(session.surroundings));
  const providers = usedProviders(session.environment);
  const incomplete = new Set(providers.filter((one) => missingFields(one, context).length > 0));
  const ready = providers.filter((provider) => !incomplete.has(provider));
  const target = session.environment.providers.target;
  const groups = await Promise.all([
    [nodeFinding(process.versions.node)],
    declarationFindings(session),
    ...providers.map((provider) => [credentialsFinding(provider, context)]),
    ...ready.map((provider) => identityFindings(session, provider, context)),
    incomplete.has(target) ? [] : accountFindings(session),
    ...(incomplete.has(session.environment.providers.secrets)
      ? []
      : [attempt("secrets", () => secretFindings(session, context))]),
    ...(incomplete.has(target) ? [] : [attempt("lock", () => lockFindings(session, context))]),
    ...ready.map((provider) =>
      attempt(provider.name, async () => (await provider.doctor?.(context, session.scope)) ?? []),
    ),
  ]);
  return groups.flat();
}

async function attempt(
  subject: string,
  look: () => Promise<readonly DoctorFinding[]>,
): Promise<readonly DoctorFinding[]> {
  try {
    return await look();
  } catch (thrown) {
    const { message, hint } = toDeployError(thrown);
    return [{ subject, state: "failed", message, ...(hint === undefined ? {} : { hint }) }];
  }
}

/** Whether this Node.js is new enough. */
function nodeFinding(version: string): DoctorFinding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const old = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  if (!old) return { subject: "Node.js", state: "ok", message: `Version ${version}.` };
  return {
    subject: "Node.js",
    state: "failed",
    message: `Version ${version} is too old.`,
    hint: `Install Node.js ${oldestNode.join(".")} or newer.`,
  };
}

function declarationFindings(session: Session): readonly DoctorFinding[] {
  const notes = session.notes.map((note) => ({ ...note, state: "warning" }) as const);
  const gaps = checkCapabilities(session.environment).map((gap) => ({ ...gap, state: "failed" }) as const);
  if (notes.length + gaps.length === 0) {
    return [{ subject: "configuration", state: "ok", message: `${session.scope.app} is declared well.` }];
  }
  return [...gaps, ...notes].map(({ message, hint, state }) => ({
    subject: "configuration",
    state,
    message,
    ...(hint === undefined ? {} : { hint }),
  }));
}

type MissingField = Provider["credentials"][string];

function missingFields(provider: Provider, context: Context): readonly MissingField[] {
  return Object.values(provider.credentials).filter((field) => field.required && !context.env[field.env]);
}

function credentialsFinding(provider: Provider, context: Context): DoctorFinding {
  const subject = `credentials of ${provider.name}`;
  const missing = missingFields(provider, context);
  const fields = Object.values(provider.credentials);
  if (missing.length === 0) {
    const set = fields.filter((field) => context.env[field.env]).map((field) => field.env);
    const message =
      fields.length === 0
        ? "None needed."
        : set.length === 0
          ? "None set, none required."
          : `Set: ${set.join(", ")}.`;
    return { subject, state: "ok", message };
  }
  const docs = missing.find((field) => field.docs !== undefined)?.docs;
  return {
    subject,
    state: "failed",
    message: `Not set: ${missing.map((field) => `${field.env} (${field.label})`).join(", ")}.`,
    hint: docs === undefined ? "Set them in the environment." : `Set them in the environment; see ${docs}.`,
  };
}

async function identityFindings(
  session: Session,
  provider: Provider,
  context: Context,
): Promise<readonly DoctorFinding[]> {
  if (provider.identity === undefined) return [];
  const subject = `identity at ${provider.name}`;
  return attempt(subject, async () => {
    const identity = await identityOf(session, provider, context);
    return [{ subject, state: "ok", message: `${identity.label} (${identity.account}).` }];
  });
}

async function accountFindings(session: Session): Promise<readonly DoctorFinding[]> {
  const { account } = session.environment;
  if (account === undefined) return [];
  return attempt("account", async () => {
    await guardAccount(session);
    return [{ subject: "account", state: "ok", message: `It is ${account}, as declared.` }];
  });
}

async function secretFindings(session: Session, context: Context): Promise<readonly DoctorFinding[]> {
  const { environment, scope } = session;
  const { secrets } = environment.providers.secrets;
  if (environment.secrets.length === 0 || secrets === undefined) return [];
  const stored = new Set((await secrets.list(context, scope)).map((entry) => entry.name));
  const missing = environment.secrets.filter((name) => !stored.has(name));
  if (missing.length === 0) {
    return [{ subject: "secrets", state: "ok", message: `All ${environment.secrets.length} are set.` }];
  }
  return missing.map((name) => ({
    subject: "secrets",
    state: "failed",
    message: `${name} is declared and not set.`,
    hint: `Set it: deploy secrets set ${name} --environment ${environment.name}`,
  }));
}

async function lockFindings(session: Session, context: Context): Promise<readonly DoctorFinding[]> {
  const { lease } = session.environment.providers.target;
  if (lease === undefined) {
    const { name } = session.environment.providers.target;
    return [
      {
        subject: "lock",
        state: "warning",
        message: `${name} has no deploy lock: two deployments at a time may mix.`,
        hint: "Deploy from one place only, such as one pipeline.",
      },
    ];
  }
  const holder = await lease.holder(context, session.scope);
  if (holder === undefined) return [{ subject: "lock", state: "ok", message: "Free." }];
  return [
    {
      subject: "lock",
      state: "warning",
      message: `Taken: ${describeLease(holder)}.`,
      hint: "Wait for it, or take it away with --break-lock if that run is dead.",
    },
  ];
}
