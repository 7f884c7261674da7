import { entriesOf, isFields, memberOf, shape, wrongType } from "./checks.js";
import { editDistance, suggest } from "./edit-distance.js";
import { checkHost, type HostFault, normaliseHost } from "./host-names.js";
import { formatPath, type Path, type Report } from "./report.js";

/** What a set of domains is checked against. */
export interface DomainsContext {
  readonly processes: readonly string[];
  /** Names of those which only their fellows may reach. */
  readonly internal: readonly string[];
}

/** Reports what is wrong with the domains of an app or an environment, redirects included. */
export function checkDomains(value: unknown, path: Path, report: Report, context: DomainsContext): void {
  if (!isFields(value)) {
    wrongType(value, path, report, "an object of host name to process");
    return;
  }
  const spellings = new Map<string, string>();
  const redirects = new Map<string, string>();
  for (const [host, leadsTo] of entriesOf(value)) {
    const place = [...path, host];
    const fault = checkHost(host);
    if (fault !== undefined) reportHost(host, fault, place, report);
    const twin = spellings.get(normaliseHost(host));
    if (twin !== undefined) {
      const why =
        twin.toLowerCase() === host.toLowerCase()
          ? "case does not count"
          : `DNS stores both as ${normaliseHost(host)}`;
      const message = `The domains "${twin}" and "${host}" are the same: ${why}.`;
      report.problem(place, message, "Keep one of them.");
    }
    spellings.set(normaliseHost(host), host);
    const target = memberOf(leadsTo, "redirect");
    if (typeof leadsTo === "string") checkProcess(leadsTo, place, report, context);
    else if (!isFields(leadsTo))
      wrongType(leadsTo, place, report, 'the name of a process or { redirect: "…" }');
    else {
      redirectShape(leadsTo, place, report);
      if (typeof target === "string" && checkTarget(host, target, place, report, context)) {
        redirects.set(normaliseHost(host), normaliseHost(target));
      }
    }
  }
  checkRedirects(redirects, spellings, path, report);
}

const redirectShape = shape(
  {
    redirect: (value, path, report) => {
      if (typeof value !== "string") wrongType(value, path, report, "a host name");
    },
  },
  { required: ["redirect"] },
);

function reportHost(host: string, fault: HostFault, path: Path, report: Report): void {
  report.problem(path, `The domain ${JSON.stringify(host)} ${fault.reason}.`, fault.hint);
}

function checkProcess(name: string, path: Path, report: Report, context: DomainsContext): void {
  const host = path.at(-1);
  if (!context.processes.includes(name)) {
    const hint = name.includes(".")
      ? `To lead to another host: { redirect: "${name}" }.`
      : suggest(name, context.processes, "Declare it in processes.");
    report.problem(path, `The domain ${host} leads to "${name}", which is no process of this app.`, hint);
  } else if (context.internal.includes(name)) {
    const hint = `Remove internal from processes.${name}, or lead the domain to another process.`;
    report.problem(path, `The domain ${host} leads to ${name}, which is internal.`, hint);
  }
}

/** Whether the target of a redirect can be followed further. */
function checkTarget(
  host: string,
  target: string,
  path: Path,
  report: Report,
  context: DomainsContext,
): boolean {
  const place = [...path, "redirect"];
  if (context.processes.includes(target)) {
    const hint = `To serve the process there: "${host}": "${target}".`;
    report.problem(place, `The domain ${host} redirects to the process ${target}, not to a host.`, hint);
    return false;
  }
  const fault = target.startsWith("*")
    ? { reason: "is a wildcard", hint: "A redirect leads to one host." }
    : checkHost(target);
  if (fault === undefined) return true;
  const message = `The domain ${host} redirects to ${JSON.stringify(target)}, which ${fault.reason}.`;
  report.problem(place, message, fault.hint);
  return false;
}

function checkRedirects(
  redirects: ReadonlyMap<string, string>,
  spellings: ReadonlyMap<string, string>,
  path: Path,
  report: Report,
): void {
  const inLoop = new Set<string>();
  for (const [host, target] of redirects) {
    const place = [...path, spellings.get(host)!, "redirect"];
    const loop = inLoop.has(host) ? [] : loopFrom(host, redirects);
    if (loop.length === 1) {
      report.problem(
        place,
        `The domain ${host} redirects to itself.`,
        "Lead it to a process or another host.",
      );
    } else if (loop.length > 1) {
      for (const member of loop) inLoop.add(member);
      const way = [...loop, host].join(" → ");
      report.problem(place, `Redirects go in a circle: ${way}.`, "Lead one of them to a process.");
    } else if (!inLoop.has(host) && !spellings.has(target)) {
      noteUnserved(host, target, [...spellings.keys()], place, report);
    }
  }
}

/** The hosts from `host` back to itself, in order; empty when following it ends somewhere else. */
function loopFrom(host: string, redirects: ReadonlyMap<string, string>): readonly string[] {
  const way = [host];
  for (let next = redirects.get(host); next !== undefined; next = redirects.get(next)) {
    if (next === host) return way;
    if (way.includes(next)) return [];
    way.push(next);
  }
  return [];
}

/** Leading elsewhere is fine; leading to a near miss, or to a neighbour that nobody serves, is most likely not meant. */
function noteUnserved(
  host: string,
  target: string,
  hosts: readonly string[],
  path: Path,
  report: Report,
): void {
  const near = hosts.find((other) => other !== host && editDistance(other, target) <= 2);
  const related = host.endsWith(`.${target}`) || target.endsWith(`.${host}`);
  if (near === undefined && !related) return;
  const hint =
    near === undefined
      ? `Add "${target}" to ${formatPath(path.slice(0, -2))} if this app is to serve it.`
      : `Did you mean "${near}"?`;
  report.note(path, `The domain ${host} redirects to ${target}, which this app does not serve.`, hint);
}
