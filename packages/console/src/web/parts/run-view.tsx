import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../../shared/run-types.js";
import { Badge, Dot, Duration, type Kind, Notice, RelativeTime } from "../components/index.js";
import { plain } from "./plain.js";
import { type OutputLine, type Progress, type Step, type StepState, spoken } from "./progress.js";
import { RunBadge } from "./states.js";
import { counted } from "./units.js";

const STEP: Readonly<Record<StepState, readonly [Kind, string]>> = {
  running: ["info", "running"],
  waiting: ["info", "waiting"],
  retrying: ["warn", "trying again"],
  done: ["good", "done"],
  failed: ["bad", "failed"],
  skipped: ["neutral", "not started"],
};

/** A run from its first step to its last, as it goes. */
export function RunView(props: { readonly run: Run; readonly progress: Progress }): JSX.Element {
  const { run, progress } = props;
  const over = run.endedAt !== undefined || run.state !== "running";
  return (
    <section class="stack" aria-label={`${run.operation} by ${plain(run.by)}`}>
      <header class="run-head">
        <h2>{run.operation}</h2>
        <RunBadge state={run.state} />
        <span class="muted">
          {plain(run.by)}, <RelativeTime at={run.startedAt} />
          {run.endedAt === undefined ? null : (
            <>
              , took <Duration ms={run.endedAt - run.startedAt} />
            </>
          )}
          {run.release === undefined ? null : `, release ${run.release}`}
        </span>
      </header>
      {run.state === "lost" ? (
        <Notice kind="warn" title="Nothing has been heard of this run for a minute.">
          Whoever runs it may have lost the network; it may still go on. The deploy lock on the overview says
          whether it does.
        </Notice>
      ) : null}
      {progress.planned === undefined ? null : (
        <p class="muted">
          {counted(progress.planned.changes, "change")}, {progress.planned.unchanged} unchanged.
        </p>
      )}
      {progress.steps.length === 0 ? (
        <p class="muted">{over ? "Nothing was told of its steps." : "Waiting for the first step…"}</p>
      ) : (
        <ol class="steps">
          {progress.steps.map((step) => (
            <StepItem key={step.id} step={step} over={over} />
          ))}
        </ol>
      )}
      {progress.notes.map((note, index) => (
        <Notice key={index} kind="info">
          {plain(note)}
        </Notice>
      ))}
      <Spoken progress={progress} over={over} />
    </section>
  );
}

function StepItem({ step, over }: { readonly step: Step; readonly over: boolean }): JSX.Element {
  const cut = over && (step.state === "running" || step.state === "waiting" || step.state === "retrying");
  const [kind, word]: readonly [Kind, string] = cut ? ["neutral", "cut off"] : STEP[step.state];
  return (
    <li class={`step step-${step.state}`}>
      <Dot kind={kind} pulse={!cut && kind === "info"} />
      <div class="step-text">
        <div class="step-line">
          <strong>{plain(step.label)}</strong>
          <span class={`step-word step-word-${kind}`}>
            {word}
            {step.seconds === undefined ? null : (
              <>
                {step.state === "done" ? " in " : " "}
                <Duration ms={step.seconds * 1000} />
              </>
            )}
            {step.attempt === undefined ? null : `, try ${step.attempt}`}
          </span>
        </div>
        {step.error === undefined ? (
          step.state === "done" || step.detail === "" ? null : (
            <div class="muted">{plain(step.detail)}</div>
          )
        ) : (
          <div class="step-error">
            <div>{plain(step.error.message)}</div>
            {step.error.hint === undefined ? null : <div class="step-hint">{plain(step.error.hint)}</div>}
            <div class="row">
              <Badge>{plain(step.error.code)}</Badge>
              <Docs address={step.error.docs} />
            </div>
          </div>
        )}
        {step.output.length === 0 ? null : <Output step={step} open={step.state !== "done"} />}
      </div>
    </li>
  );
}

/** Only real web pages: the address comes from whoever told of the run. */
function Docs({ address }: { readonly address: string | undefined }): JSX.Element | null {
  if (address === undefined || !/^https:\/\//i.test(address)) return null;
  return (
    <a href={address} target="_blank" rel="noreferrer noopener">
      What this means
    </a>
  );
}

function Output({ step, open }: { readonly step: Step; readonly open: boolean }): JSX.Element {
  const [shown, setShown] = useState<boolean>();
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  const last = step.output.at(-1)?.number;
  useEffect(() => {
    if (atEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [last, shown, open]);
  return (
    <details
      class="output"
      open={shown ?? open}
      onToggle={(event) => {
        if (event.currentTarget.open !== (shown ?? open)) setShown(event.currentTarget.open);
      }}
    >
      <summary>{counted(step.earlier + step.output.length, "line")} of output</summary>
      <section
        ref={box}
        class="output-lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
        aria-label={`Output of ${plain(step.label)}`}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {step.earlier === 0 ? null : (
          <div class="muted">{counted(step.earlier, "line")} before these: they are in the logs.</div>
        )}
        {step.output.map((line) => (
          <OutputText key={line.number} line={line} />
        ))}
      </section>
    </details>
  );
}

function OutputText({ line }: { readonly line: OutputLine }): JSX.Element {
  return (
    <div class={line.stream === "stderr" ? "output-line output-stderr" : "output-line"}>
      {plain(line.text)}
    </div>
  );
}

/** Says what has changed, at most every two seconds: a screen reader that is flooded says nothing. */
function Spoken(props: { readonly progress: Progress; readonly over: boolean }): JSX.Element {
  const [said, setSaid] = useState("");
  const before = useRef(props.progress);
  const latest = useRef(props.progress);
  latest.current = props.progress;
  useEffect(() => {
    if (props.over) return;
    const timer = setInterval(() => {
      const sentence = spoken(before.current, latest.current);
      before.current = latest.current;
      if (sentence !== "") setSaid(plain(sentence));
    }, 2000);
    return () => clearInterval(timer);
  }, [props.over]);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
