import type { JSX } from "preact";
import type { JobList, JobView } from "../../shared/app-types.js";
import { environmentPath } from "../api.js";
import { Badge, Dot, Duration, Loaded, RelativeTime, Table } from "../components/index.js";
import { Link, pageOf } from "../router.js";
import { useResource } from "../use-resource.js";
import { plain } from "./plain.js";

/** Scheduled tasks with their last runs and their next. */
export function Jobs(place: { readonly app: string; readonly environment: string }): JSX.Element | null {
  const jobs = useResource<JobList>(environmentPath(place.app, place.environment, "jobs"), { every: 30_000 });
  if (jobs.data?.jobs.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="jobs">
      <h2 id="jobs">Jobs</h2>
      <Loaded resource={jobs}>
        {(data) => (
          <Table
            caption="Jobs"
            rows={data.jobs}
            keyOf={(job) => job.name}
            columns={[
              {
                key: "name",
                title: "Job",
                cell: (job) => (
                  <Link
                    to={`${pageOf(place.app, place.environment, "logs")}?process=${encodeURIComponent(job.name)}`}
                  >
                    {job.name}
                  </Link>
                ),
              },
              {
                key: "schedule",
                title: "Schedule",
                cell: (job) => (
                  <span>
                    <code>{plain(job.schedule)}</code>{" "}
                    <span class="muted">{job.timeZone === undefined ? "" : plain(job.timeZone)}</span>
                  </span>
                ),
              },
              { key: "last", title: "Last run", cell: (job) => <LastRun job={job} /> },
              {
                key: "next",
                title: "Next run",
                cell: (job) =>
                  job.nextRun === undefined ? (
                    <span class="muted">–</span>
                  ) : (
                    <RelativeTime at={job.nextRun} />
                  ),
              },
              {
                key: "state",
                title: "State",
                cell: (job) =>
                  job.state === "scheduled" ? (
                    <Badge kind="good">scheduled</Badge>
                  ) : (
                    <Badge kind="warn" title="The next deployment brings it in line with what is declared">
                      {job.state}
                    </Badge>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

function LastRun({ job }: { readonly job: JobView }): JSX.Element {
  const run = job.lastRun;
  if (run === undefined) return <span class="muted">never, as far as is known</span>;
  const [kind, word] =
    run.exitCode === null
      ? (["neutral", "runs, or its end is not known"] as const)
      : run.exitCode === 0
        ? (["good", "succeeded"] as const)
        : (["bad", `failed with ${run.exitCode}`] as const);
  return (
    <span class="state">
      <Dot kind={kind} /> {word}, <RelativeTime at={run.at} />
      {run.exitCode === null ? null : (
        <span class="muted">
          {" "}
          (<Duration ms={run.seconds * 1000} />)
        </span>
      )}
    </span>
  );
}
