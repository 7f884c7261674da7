import type { JSX } from "preact";
import type {
  CertificateView,
  DomainState,
  Health,
  InstanceView,
  ReleaseState,
} from "../../shared/app-types.js";
import type { RunState } from "../../shared/run-types.js";
import { Badge, Dot, type Kind } from "../components/index.js";
import { daysLeftKind, daysLeftWords } from "./days-left.js";

type Words = readonly [Kind, string];

const HEALTH: Readonly<Record<Health, Words>> = {
  empty: ["neutral", "nothing deployed"],
  ok: ["good", "healthy"],
  starting: ["info", "starting"],
  degraded: ["warn", "degraded"],
  down: ["bad", "down"],
};

const RELEASE: Readonly<Record<ReleaseState, Words>> = {
  pending: ["info", "on its way"],
  active: ["good", "in service"],
  superseded: ["neutral", "earlier"],
  failed: ["bad", "failed"],
};

const RUN: Readonly<Record<RunState, Words>> = {
  running: ["info", "running"],
  done: ["good", "done"],
  failed: ["bad", "failed"],
  cancelled: ["neutral", "cancelled"],
  lost: ["warn", "not heard of"],
};

const DOMAIN: Readonly<Record<DomainState, Words>> = {
  ok: ["good", "in order"],
  changing: ["info", "changing"],
  wrong: ["bad", "wrong"],
  unknown: ["neutral", "not known"],
};

const INSTANCE: Readonly<Record<InstanceView["state"], Kind>> = {
  starting: "info",
  running: "good",
  draining: "info",
  stopping: "neutral",
  crashed: "bad",
  "crash-loop": "bad",
  stopped: "neutral",
};

// A vendor's new word must not break a page.
const stated = <Name extends string>(known: Readonly<Record<Name, Words>>, name: Name): Words =>
  known[name] ?? ["neutral", name];

/** How an environment or a process is. */
export function HealthState({ health }: { readonly health: Health }): JSX.Element {
  const [kind, word] = stated(HEALTH, health);
  return (
    <span class="state">
      <Dot kind={kind} /> {word}
    </span>
  );
}

/** How a release is. */
export function ReleaseBadge({ state }: { readonly state: ReleaseState }): JSX.Element {
  const [kind, word] = stated(RELEASE, state);
  return <Badge kind={kind}>{word}</Badge>;
}

/** How a run stands. */
export function RunBadge({ state }: { readonly state: RunState }): JSX.Element {
  const [kind, word] = stated(RUN, state);
  return (
    <Badge kind={kind}>
      {state === "running" ? <Dot kind="info" pulse /> : null}
      {word}
    </Badge>
  );
}

/** How a domain is. */
export function DomainBadge({ state }: { readonly state: DomainState }): JSX.Element {
  const [kind, word] = stated(DOMAIN, state);
  return <Badge kind={kind}>{word}</Badge>;
}

/** How an instance is. */
export function InstanceState({ state }: { readonly state: InstanceView["state"] }): JSX.Element {
  return (
    <span class="state">
      <Dot kind={INSTANCE[state] ?? "neutral"} /> {state}
    </span>
  );
}

/** A certificate in a word: how many days it is good for, or what it waits for. */
export function CertificateBadge(props: {
  readonly certificate: Pick<CertificateView, "state" | "daysLeft">;
}): JSX.Element {
  const { state, daysLeft } = props.certificate;
  if (state === "failed") return <Badge kind="bad">certificate failed</Badge>;
  if (daysLeft === undefined) {
    return state === "pending" ? (
      <Badge kind="info">certificate on its way</Badge>
    ) : (
      <Badge kind="good">certificate issued</Badge>
    );
  }
  return <Badge kind={daysLeftKind(daysLeft)}>{daysLeftWords(daysLeft)}</Badge>;
}
