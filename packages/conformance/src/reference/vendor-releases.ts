import { environmentOf, shell } from "./shell.js";
import { Refusal, type Route, scopeOf, type VendorRequest } from "./vendor-request.js";
import type { HeldRelease, HeldScope } from "./vendor-state.js";

/** Releases, their command, and what serves. */
export const releaseRoutes: Readonly<Record<string, Route>> = {
  "GET scopes/releases": (request) =>
    scopeOf(request).releases.map(({ hidden, ...release }) => ({
      ...release,
      hiddenNames: Object.keys(hidden),
      // As a vendor does that shows fingerprints instead of values.
      fingerprints: Object.fromEntries(
        Object.entries(hidden).map(([name, value]) => [name, fingerprint(value)]),
      ),
    })),
  "POST scopes/releases": (request) => {
    const { releases } = scopeOf(request);
    const body = request.body as unknown as HeldRelease & { readonly repeatHidden?: readonly string[] };
    const { repeatHidden = [], ...content } = body;
    const source = releases.find((one) => one.number === content.origin.repeats);
    const repeated = repeatHidden.map((name) => [name, source?.hidden[name] ?? ""]);
    const release: HeldRelease = {
      ...content,
      hidden: { ...content.hidden, ...Object.fromEntries(repeated) },
      number: releases.length + 1,
      createdAt: new Date().toISOString(),
      state: "pending",
    };
    releases.push(release);
    return { ...release, hidden: undefined };
  },
  "POST scopes/commands": (request) => {
    const scope = scopeOf(request);
    const release = releaseIn(scope, Number(request.path[3]));
    const result = shell(request.body.command as string, environmentOf(scope, release.number));
    addLines(request, scope, "release", release.number, result.output);
    if (result.exitCode === 0) scope.migrated = release.image.digest;
    else fail(release, `the release command ended with ${result.exitCode}`);
    return result;
  },
  "GET scopes/serving": (request) => {
    const { serving, migrated } = scopeOf(request);
    return { serving: serving ?? null, migrated: migrated ?? null };
  },
  "PUT scopes/serving": (request) => {
    const scope = scopeOf(request);
    const release = releaseIn(scope, Number(request.body.release));
    for (const process of release.processes) {
      const { exitCode } = shell(process.command, environmentOf(scope, release.number));
      if (exitCode === 0) continue;
      fail(release, `${process.name} ended with ${exitCode}`);
      throw new Refusal(422, release.failure ?? "");
    }
    for (const one of scope.releases) if (one.state === "active") one.state = "superseded";
    release.state = "active";
    const starts = (scope.serving?.starts ?? 0) + 1;
    scope.serving = {
      release: release.number,
      instances: { ...(request.body.instances as Record<string, number>) },
      starts,
    };
    for (const process of release.processes) {
      addLines(
        request,
        scope,
        process.name,
        release.number,
        `${process.name} serves release ${release.number}\n`,
      );
    }
  },
  "PUT scopes/instances": (request) => {
    const { serving } = scopeOf(request);
    if (serving === undefined) throw new Refusal(409, "nothing is deployed here");
    serving.instances = { ...serving.instances, ...(request.body.instances as Record<string, number>) };
  },
  "DELETE scopes/serving": (request) => {
    const scope = scopeOf(request);
    if (scope.serving === undefined) throw new Refusal(404, "nothing serves");
    scope.serving = undefined;
  },
  "DELETE scopes/releases": (request) => {
    const scope = scopeOf(request);
    scope.releases.length = 0;
    scope.lines.length = 0;
    scope.migrated = undefined;
  },
};

/** Tells values apart without showing them. */
export function fingerprint(value: string): string {
  let sum = 7;
  for (const letter of value) sum = (sum * 31 + letter.charCodeAt(0)) % 1_000_000_007;
  return sum.toString(36);
}

function releaseIn(scope: HeldScope, number: number): HeldRelease {
  const found = scope.releases.find((one) => one.number === number);
  if (found === undefined) throw new Refusal(404, "no such release");
  return found;
}

function fail(release: HeldRelease, reason: string): void {
  release.state = "failed";
  release.failure = reason;
}

function addLines(
  request: VendorRequest,
  scope: HeldScope,
  process: string,
  release: number,
  output: string,
): void {
  for (const text of output.split("\n").slice(0, -1)) {
    const number = ++request.state.numbers;
    scope.lines.push({ number, time: new Date().toISOString(), process, release, text });
  }
}
