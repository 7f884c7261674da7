import type { EnvironmentOverview } from "../../shared/app-types.js";
import { daysLeftKind, daysLeftWords } from "./days-left.js";
import { counted } from "./units.js";

/** Sentences about domains of one environment; the rest is on their page. */
const mostOfDomains = 3;

/** Something that somebody should look at, and the page to do it on. */
export interface Attention {
  readonly app: string;
  readonly environment: string;
  readonly kind: "warn" | "bad";
  /** Untrusted in part: what vendors say. */
  readonly text: string;
  readonly page: "processes" | "releases" | "domains" | "logs";
}

/** What is wrong in these environments, the grave first, else in their order. */
export function attention(environments: readonly EnvironmentOverview[]): readonly Attention[] {
  const found = environments.flatMap((one) => [
    ...ofService(one),
    ...ofDeploy(one),
    ...ofDomains(one),
    ...ofReads(one),
  ]);
  return [...found.filter((one) => one.kind === "bad"), ...found.filter((one) => one.kind === "warn")];
}

type Place = Pick<Attention, "app" | "environment">;

const placeOf = ({ app, environment }: EnvironmentOverview): Place => ({ app, environment });

function ofService(one: EnvironmentOverview): Attention[] {
  const service = one.service.value;
  if (service === undefined) return [];
  const place = { ...placeOf(one), page: "processes" } as const;
  const kind = service.health === "down" ? "bad" : "warn";
  const sentences = [
    ...service.processes.flatMap((process) =>
      process.problems.map((problem) => `${process.name}: ${problem}`),
    ),
    ...service.problems,
  ];
  if (sentences.length > 0) return sentences.map((text) => ({ ...place, kind, text }));
  if (service.health === "down") return [{ ...place, kind, text: "Nothing runs that should." }];
  if (service.health === "degraded") return [{ ...place, kind, text: "Fewer instances run than should." }];
  return [];
}

function ofDeploy(one: EnvironmentOverview): Attention[] {
  const deploy = one.lastDeploy.value;
  if (deploy?.state !== "failed") return [];
  return [{ ...placeOf(one), page: "releases", kind: "warn", text: `Release ${deploy.release} failed.` }];
}

function ofDomains(one: EnvironmentOverview): Attention[] {
  const domains = one.domains.value;
  if (domains === undefined) return [];
  const place = { ...placeOf(one), page: "domains" } as const;
  const certificates = domains.hosts.flatMap(({ host, certificate }): Attention[] => {
    if (certificate?.state === "failed")
      return [{ ...place, kind: "bad", text: `${host}: its certificate failed.` }];
    const days = certificate?.daysLeft;
    if (days === undefined) return [];
    const kind = daysLeftKind(days);
    return kind === "good" ? [] : [{ ...place, kind, text: `${host}: certificate ${daysLeftWords(days)}.` }];
  });
  // While the provider does not answer, most of what is wrong with domains is that: it is said once, by `ofReads`.
  if (one.service.trouble !== undefined) return certificates;
  const kind = domains.state === "wrong" ? "bad" : "warn";
  const shown = domains.problems.slice(0, mostOfDomains);
  const more = domains.problems.length - shown.length;
  const sentences = more === 0 ? shown : [...shown, `${counted(more, "more problem")} with its domains.`];
  return [...sentences.map((text): Attention => ({ ...place, kind, text })), ...certificates];
}

/** What could not be read, said once for each environment although every part of it may have failed. */
function ofReads(one: EnvironmentOverview): Attention[] {
  const trouble = [one.service, one.lastDeploy, one.domains, one.cost].find(
    (part) => part.trouble !== undefined,
  )?.trouble;
  const place = { ...placeOf(one), page: "logs", kind: "warn" } as const;
  const reads = trouble === undefined ? [] : [{ ...place, text: `Cannot be read: ${trouble.message}` }];
  // Without an answer about what runs there are no logs either, and for the same reason.
  if (one.service.trouble !== undefined) return reads;
  if (one.feed.state !== "retrying" || one.feed.problem === undefined) return reads;
  return [...reads, { ...place, text: `No logs come: ${one.feed.problem}` }];
}
