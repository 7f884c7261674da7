import type { Release } from "@deploy/core";
import { commitsBetween } from "../../apps/commits.js";
import { startOperation } from "../../apps/operations.js";
import type { ConsoleEnvironment } from "../../apps/types.js";
import { releaseDetail, releaseViews, rollbackTarget } from "../../apps/views/releases.js";
import type { OperationStarted, ReleaseDetail, ReleaseList } from "../../shared/app-types.js";
import type { Route, RouteRequest } from "../route.js";
import { badRequest, environmentOf, fieldsOf, notFound, optionalText } from "./environment-of.js";

const base = "/api/apps/:app/environments/:environment";

/** Who looks at a page gets what was read within the last seconds, milliseconds: twenty viewers are one question. */
const freshMs = 3_000;

/** Releases: what each changed, and the way back. */
export const releasesRoutes: readonly Route[] = [
  {
    method: "GET",
    path: `${base}/releases`,
    action: "app.read",
    handle: async (request) => {
      const environment = environmentOf(request);
      const releases = await readReleases(request, environment);
      const rollbackTo = rollbackTarget(releases);
      const answer: ReleaseList = {
        releases: releaseViews(releases),
        rollback: environment.deployer.environment.providers.target.containers.capabilities.rollback,
        ...(rollbackTo === undefined ? {} : { rollbackTo }),
      };
      return Response.json(answer);
    },
  },
  {
    method: "GET",
    path: `${base}/releases/:number`,
    action: "app.read",
    handle: async (request) => {
      const environment = environmentOf(request);
      const { number = "" } = request.params;
      if (!/^[1-9]\d{0,9}$/.test(number)) throw notFound("There is no such release.");
      const detail = releaseDetail(await readReleases(request, environment), Number(number));
      if (detail === undefined) throw notFound(`There is no release ${number}.`);
      return Response.json(await withCommits(detail, environment));
    },
  },
  {
    method: "POST",
    path: `${base}/rollback`,
    action: "releases.rollback",
    handle: async (request) => {
      const environment = environmentOf(request);
      const fields = await fieldsOf(request, ["to", "confirm"]);
      const confirm = optionalText(fields.confirm, "confirm");
      const to = releaseNumber(fields.to);
      const runId = await startOperation(request.services, environment, {
        operation: "rollback",
        caller: request.caller,
        address: request.address,
        confirm,
        detail: to === undefined ? "to the release before" : `to release ${to}`,
        start: (deployer) =>
          deployer.rollback({
            ...(to === undefined ? {} : { to }),
            ...(confirm === undefined ? {} : { confirm }),
          }),
      });
      return started(runId);
    },
  },
];

/** The answer to what goes on behind it. */
export function started(runId: string): Response {
  const answer: OperationStarted = { runId };
  return Response.json(answer, { status: 202 });
}

function readReleases(
  { services }: RouteRequest,
  environment: ConsoleEnvironment,
): Promise<readonly Release[]> {
  services.states.seen(environment);
  return services.states.of(environment).releases.get(freshMs);
}

async function withCommits(detail: ReleaseDetail, { directory }: ConsoleEnvironment): Promise<ReleaseDetail> {
  const commits = detail.diff?.commits;
  if (detail.diff === undefined || commits === undefined || directory === undefined) return detail;
  const between = await commitsBetween(directory, commits.from, commits.to);
  return { ...detail, diff: { ...detail.diff, commits: { ...commits, ...between } } };
}

function releaseNumber(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  throw badRequest('"to" has to be the number of a release.');
}
