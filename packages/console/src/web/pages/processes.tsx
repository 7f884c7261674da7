import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { OperationStarted, ProcessList, ProcessView } from "../../shared/app-types.js";
import { environmentPath, post } from "../api.js";
import {
  Badge,
  Confirm,
  Empty,
  Field,
  Loaded,
  Notice,
  Page,
  type PageProps,
  RelativeTime,
  Table,
  TextInput,
} from "../components/index.js";
import { AllowedButton } from "../parts/allowed-button.js";
import { Jobs } from "../parts/jobs.js";
import { plain } from "../parts/plain.js";
import { nameToType } from "../parts/protected.js";
import { HealthState, InstanceState } from "../parts/states.js";
import { bytes } from "../parts/units.js";
import { Link, navigate, pageOf } from "../router.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

interface Place {
  readonly app: string;
  readonly environment: string;
}

/** What runs: processes with their instances, to scale and to restart; jobs with their last runs. */
export default function ProcessesPage({ params }: PageProps): JSX.Element {
  const app = params.app ?? "";
  const environment = params.environment ?? "";
  const processes = useResource<ProcessList>(environmentPath(app, environment, "processes"), { every: 5000 });
  const [restarting, setRestarting] = useState<string | true>();
  const [scaling, setScaling] = useState<ProcessView>();
  const typed = nameToType(app, environment);
  const started = (run: OperationStarted): void =>
    navigate(`${pageOf(app, environment, "runs")}?run=${encodeURIComponent(run.runId)}`);
  return (
    <Page
      title="Processes"
      note={`${app} / ${environment}${processes.data?.release === undefined ? "" : `, release ${processes.data.release}`}`}
      actions={
        (processes.data?.processes.length ?? 0) > 1 ? (
          <AllowedButton action="processes.restart" app={app} onClick={() => setRestarting(true)}>
            Restart all
          </AllowedButton>
        ) : undefined
      }
    >
      <Loaded resource={processes}>
        {(data) => (
          <>
            {data.lock === undefined ? null : (
              <Notice kind="info">
                {plain(data.lock.by)} runs {plain(data.lock.operation)}, begun{" "}
                <RelativeTime at={data.lock.since} />: scaling and restarting have to wait.{" "}
                <Link to={pageOf(app, environment, "runs")}>Watch</Link>
              </Notice>
            )}
            {data.processes.length === 0 ? (
              <Empty title="Nothing runs here">
                {data.health === "empty"
                  ? "Nothing was deployed to this environment yet."
                  : "No process is in service."}
              </Empty>
            ) : null}
            {data.processes.map((process) => (
              <ProcessSection
                key={process.name}
                place={{ app, environment }}
                process={process}
                scale={data.scale === true ? undefined : data.scale.no}
                onScale={() => setScaling(process)}
                onRestart={() => setRestarting(process.name)}
              />
            ))}
          </>
        )}
      </Loaded>
      <Jobs app={app} environment={environment} />
      <Confirm
        open={restarting !== undefined}
        title={restarting === true ? "Restart all processes?" : `Restart ${restarting ?? ""}?`}
        action="Restart"
        {...(typed === undefined ? {} : { typed })}
        onClose={() => setRestarting(undefined)}
        onConfirm={async (confirm) =>
          started(
            await post<OperationStarted>(environmentPath(app, environment, "restart"), {
              ...(restarting === true ? {} : { process: restarting }),
              ...(typed === undefined ? {} : { confirm }),
            }),
          )
        }
      >
        <p>The instances are replaced one after the other, with the release that is in service.</p>
      </Confirm>
      {scaling === undefined ? null : (
        <ScaleDialog
          key={scaling.name}
          place={{ app, environment }}
          process={scaling}
          typed={typed}
          onClose={() => setScaling(undefined)}
          onStarted={started}
        />
      )}
    </Page>
  );
}

function ProcessSection(props: {
  readonly place: Place;
  readonly process: ProcessView;
  /** Why it cannot be scaled. */
  readonly scale: string | undefined;
  onScale(): void;
  onRestart(): void;
}): JSX.Element {
  const { place, process } = props;
  const id = `process-${process.name}`;
  return (
    <section class="stack" aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{process.name}</h2>
        <HealthState health={process.health} />
        <span class="muted">
          {process.running} of {process.desired} running
          {process.size === undefined ? "" : `, ${plain(process.size)}`}
        </span>
        {process.declared === undefined || process.declared === process.desired ? null : (
          <Badge kind="warn" title="The next deployment sets it back">
            declared: {process.declared}
          </Badge>
        )}
        <span class="section-actions">
          <AllowedButton
            small
            action="processes.scale"
            app={place.app}
            refused={props.scale}
            label={`Scale ${process.name}`}
            onClick={props.onScale}
          >
            Scale
          </AllowedButton>
          <AllowedButton
            small
            action="processes.restart"
            app={place.app}
            label={`Restart ${process.name}`}
            onClick={props.onRestart}
          >
            Restart
          </AllowedButton>
        </span>
      </div>
      {process.problems.map((problem) => (
        <Notice key={problem} kind={process.health === "down" ? "bad" : "warn"}>
          {plain(problem)}
        </Notice>
      ))}
      <Table
        caption={`Instances of ${process.name}`}
        rows={process.instances}
        keyOf={(instance) => instance.name}
        empty={<p class="muted">No instance.</p>}
        columns={[
          {
            key: "name",
            title: "Instance",
            cell: (instance) => (
              <Link
                class="mono"
                to={`${pageOf(place.app, place.environment, "logs")}?instance=${encodeURIComponent(instance.name)}`}
                title="Its logs"
              >
                {plain(instance.name)}
              </Link>
            ),
          },
          {
            key: "state",
            title: "State",
            cell: (instance) => (
              <div class="two-lines">
                <InstanceState state={instance.state} />
                {instance.problem === undefined ? null : (
                  <span class="trouble">{plain(instance.problem)}</span>
                )}
              </div>
            ),
          },
          { key: "release", title: "Release", cell: (instance) => instance.release },
          { key: "since", title: "Since", cell: (instance) => <RelativeTime at={instance.since} /> },
          { key: "restarts", title: "Restarts", align: "end", cell: (instance) => instance.restarts },
          {
            key: "memory",
            title: "Memory",
            align: "end",
            cell: (instance) => (instance.memory === undefined ? "–" : bytes(instance.memory)),
          },
          {
            key: "cpu",
            title: "CPU",
            align: "end",
            cell: (instance) =>
              instance.cpu === undefined ? "–" : `${instance.cpu.toFixed(instance.cpu < 10 ? 1 : 0)} %`,
          },
        ]}
      />
    </section>
  );
}

function ScaleDialog(props: {
  readonly place: Place;
  readonly process: ProcessView;
  readonly typed: string | undefined;
  onClose(): void;
  onStarted(run: OperationStarted): void;
}): JSX.Element {
  const { place, process, typed } = props;
  const [text, setText] = useState(String(process.desired));
  const wanted = /^\d{1,4}$/.test(text.trim()) ? Number(text) : Number.NaN;
  const valid = wanted <= 1000;
  return (
    <Confirm
      open
      title={`Scale ${process.name}`}
      action={valid ? `Scale to ${wanted}` : "Scale"}
      danger={wanted === 0}
      {...(typed === undefined ? {} : { typed })}
      onClose={props.onClose}
      onConfirm={async (confirm) => {
        if (!valid) throw new Error("The number of instances is 0 to 1000.");
        props.onStarted(
          await post<OperationStarted>(environmentPath(place.app, place.environment, "scale"), {
            instances: { [process.name]: wanted },
            ...(typed === undefined ? {} : { confirm }),
          }),
        );
      }}
    >
      <Field
        label="Instances"
        error={valid ? undefined : "A whole number from 0 to 1000."}
        hint={
          process.declared === undefined
            ? "It stays so until it is scaled again."
            : `The app declares ${process.declared}: the next deployment sets it back to that.`
        }
      >
        <TextInput inputMode="numeric" value={text} onValue={setText} />
      </Field>
      {wanted === 0 ? <p class="trouble">With 0 instances {process.name} does not run at all.</p> : null}
    </Confirm>
  );
}
