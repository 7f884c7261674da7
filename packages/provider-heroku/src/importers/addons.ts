import type { Draft } from "./draft.js";

/** Add-on services that are a kind of ours, and the name that the add-on gets. */
const KINDS: Readonly<Record<string, { readonly kind: "postgres" | "redis"; readonly name: string }>> = {
  "heroku-postgresql": { kind: "postgres", name: "db" },
  "heroku-redis": { kind: "redis", name: "redis" },
};

/** Plans of Heroku's own that can still be ordered (elements.heroku.com, research of 2026-11); older names are left out. */
const orderable =
  /^(?:essential-[0-2]|standard-\d|standard-10|premium-\d+|advanced[\w-]*|mini|private-\d+|private-l[\w-]*|shield-\d+)$/;

const SCHEDULER =
  "Heroku Scheduler keeps its jobs in the dashboard and has no API: write them down under `jobs`";

/** Where an add-on was asked for, and what else is known about it. */
export interface AskedAddon {
  /** `heroku-postgresql:essential-0`. */
  readonly plan: string;
  /** The attachment's name, such as `DATABASE`: its variable is `DATABASE_URL`. */
  readonly as?: string;
  readonly version?: string;
  readonly place: { readonly file: string; readonly line?: number };
}

/** Takes an add-on into the draft, or says why it cannot. */
export function draftAddon(draft: Draft, asked: AskedAddon): void {
  const [service = "", plan] = asked.plan.split(":", 2);
  const known = KINDS[service];
  if (known === undefined) {
    const reason =
      service === "scheduler"
        ? SCHEDULER
        : `the add-on ${service} is no kind that Deploy knows: keep it by hand, its variables stay untouched`;
    draft.refused.push({ ...asked.place, reason });
    return;
  }
  const sameKind = [...draft.addons.values()].filter(({ kind }) => kind === known.kind).length;
  const customary = sameKind === 0 ? (known.kind === "postgres" ? "DATABASE_URL" : "REDIS_URL") : undefined;
  const variable = asked.as === undefined ? undefined : `${asked.as.toUpperCase()}_URL`;
  const same = [...draft.addons.values()].find((one) => one.kind === known.kind && one.as === variable);
  if (same !== undefined && asked.as === undefined) return;
  const isOrderable = plan !== undefined && orderable.test(plan);
  if (plan !== undefined && !isOrderable) {
    draft.inferred.push(
      `The plan ${service}:${plan} cannot be ordered any more: the smallest present one is taken (${asked.place.file}).`,
    );
  }
  draft.addons.set(freeName(draft, known.name), {
    kind: known.kind,
    ...(isOrderable ? { plan } : {}),
    ...(asked.version === undefined ? {} : { version: asked.version }),
    ...(variable === undefined || variable === customary ? {} : { as: variable }),
  });
}

function freeName(draft: Draft, name: string): string {
  if (!draft.addons.has(name)) return name;
  for (let number = 2; ; number++) {
    if (!draft.addons.has(`${name}-${number}`)) return `${name}-${number}`;
  }
}
