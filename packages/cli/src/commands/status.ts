import type { EnvironmentStatus, InstanceStatus } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { neutralise } from "../render/neutralise.js";
import type { Style } from "../render/style.js";
import { renderTable, tableWidth } from "../render/table.js";
import { formatAge, formatBytes, formatTime } from "../render/units.js";

/** `deploy status`: what is in service. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const status = await deployer.status();
  if (context.json) await context.printJson(status);
  else {
    const lines = renderStatus(status, context.style.stdout, tableWidth(context.terminal.stdout));
    await context.print(lines.join("\n"));
  }
  return EXIT.done;
}

/** The whole state of an environment, as lines of at most `width` cells. */
export function renderStatus(status: EnvironmentStatus, style: Style, width: number): string[] {
  const release = status.release === undefined ? "no release" : `release ${status.release}`;
  const lock = status.lock;
  return [
    `${style.bold(status.app)} in ${style.bold(status.environment)}, ${release}`,
    ...status.urls.map((url) => style.cyan(url)),
    ...(lock === undefined
      ? []
      : [style.yellow(`locked by ${lock.name}: ${lock.operation}, since ${formatTime(lock.since)}`)]),
    ...part(instanceTable(status, style, width)),
    ...part(jobTable(status, style, width)),
    ...part(addonTable(status, style, width)),
    ...part(domainTable(status, style, width)),
    ...part(serverTable(status, style, width)),
  ];
}

function part(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

function instanceTable(status: EnvironmentStatus, style: Style, width: number): string[] {
  const rows = status.processes.flatMap((process) => {
    if (process.instances.length === 0)
      return [[process.name, process.desired === 0 ? "scaled to 0" : "not running"]];
    return process.instances.map(instanceRow);
  });
  const columns = [
    { title: "INSTANCE", importance: 10 },
    { title: "STATE", importance: 9 },
    { title: "RELEASE", align: "right", importance: 5 },
    { title: "FOR", align: "right", importance: 6 },
    { title: "RESTARTS", align: "right", importance: 4 },
    { title: "MEMORY", align: "right", importance: 7 },
    { title: "CPU", align: "right", importance: 7 },
    { title: "PROBLEM", importance: 3 },
  ] as const;
  return rows.length === 0 ? [] : renderTable(columns, rows, width, style);
}

function instanceRow(instance: InstanceStatus): string[] {
  return [
    instance.name,
    instance.state,
    String(instance.release),
    formatAge(instance.since),
    String(instance.restarts),
    instance.memory === undefined ? "" : formatBytes(instance.memory),
    instance.cpu === undefined ? "" : `${instance.cpu.toFixed(instance.cpu < 9.95 ? 1 : 0)} %`,
    neutralise(instance.problem ?? ""),
  ];
}

function jobTable({ jobs }: EnvironmentStatus, style: Style, width: number): string[] {
  if (jobs.length === 0) return [];
  const columns = [
    { title: "JOB", importance: 10 },
    { title: "SCHEDULE" },
    { title: "NEXT RUN" },
    { title: "LAST RUN", importance: 6 },
  ];
  const rows = jobs.map((job) => [
    job.name,
    job.schedule,
    job.nextRun === undefined ? "" : formatTime(job.nextRun),
    job.lastRun === undefined
      ? "never"
      : `${formatTime(job.lastRun.at)}, exit ${job.lastRun.exitCode ?? "unknown"}`,
  ]);
  return renderTable(columns, rows, width, style);
}

function addonTable({ addons }: EnvironmentStatus, style: Style, width: number): string[] {
  if (addons.length === 0) return [];
  const columns = [
    { title: "ADD-ON", importance: 10 },
    { title: "KIND" },
    { title: "STATE", importance: 8 },
    { title: "DESCRIPTION", importance: 2 },
  ];
  return renderTable(
    columns,
    addons.map((addon) => [addon.name, addon.kind, addon.state, neutralise(addon.description)]),
    width,
    style,
  );
}

function domainTable({ domains = [] }: EnvironmentStatus, style: Style, width: number): string[] {
  if (domains.length === 0) return [];
  const columns = [
    { title: "DOMAIN", importance: 10 },
    { title: "CERTIFICATE", importance: 8 },
    { title: "DNS TARGET", importance: 5 },
    { title: "PROBLEM", importance: 3 },
  ] as const;
  const rows = domains.map(({ host, certificate = "", target = "", problem = "" }) => [
    host,
    neutralise(certificate),
    neutralise(target),
    neutralise(problem),
  ]);
  return renderTable(columns, rows, width, style);
}

function serverTable({ servers }: EnvironmentStatus, style: Style, width: number): string[] {
  if (servers.length === 0) return [];
  const columns = [
    { title: "SERVER", importance: 10 },
    { title: "STATE", importance: 8 },
    { title: "DESCRIPTION", importance: 2 },
  ];
  return renderTable(
    columns,
    servers.map((server) => [server.name, server.state, neutralise(server.description)]),
    width,
    style,
  );
}
