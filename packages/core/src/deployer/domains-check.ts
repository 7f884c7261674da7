import { normaliseName } from "../elements/dns-values.js";
import { findCaa, mayIssue } from "../elements/propagation-caa.js";
import type { DomainFinding, Route } from "../elements/traffic.js";
import { anySignal } from "./context.js";
import { type ConnectResult, connectTo } from "./domains-connect.js";
import { describeAnswer, fewDays, judgeDomains, sorted } from "./domains-findings.js";
import { type DomainsLook, lookAtDomains, withAnswers } from "./domains-look.js";
import { reportOf } from "./domains-status.js";
import type { DomainRecord, DomainsCheck, DomainsCheckOptions } from "./domains-types.js";
import type { Session } from "./session.js";

/** Milliseconds between two rounds of questions: the first pause, and the longest one. */
const firstPauseMs = 2_000;
const longestPauseMs = 15_000;

/**
 * Looks at the domains from outside: what each name server answers, who may issue, what a browser meets.
 *
 * @throws `config.unknown-domain`, `config.bad-resolvers`, `config.bad-port`.
 */
export async function checkDomains(session: Session, options: DomainsCheckOptions): Promise<DomainsCheck> {
  const signal = anySignal(session.surroundings.signal, options.signal);
  const first = await lookAtDomains(session, { hosts: options.hosts, signal });
  const look = await waitForServers(first, options);
  const hosts = look.routes.filter(({ host }) => !host.startsWith("*."));
  const [forbidden, strays, probes] = await Promise.all([
    caaFindings(session, look),
    Promise.all(hosts.map((route) => strayAddresses(look, route.host))),
    options.connect === false ? [] : Promise.all(hosts.map((route) => probe(look, route))),
  ]);
  const findings = sorted([
    ...judgeDomains(look, { strict: true }),
    ...forbidden,
    ...strays.flat(),
    ...probes.flatMap(({ findings: found }) => found),
  ]);
  return { ...reportOf(session, look, findings), hosts: probes.map(({ result }) => result.probe) };
}

/** What is right at its vendor, and not at every name server yet: the rest does not come by waiting. */
function isUnderWay({ held, changes, answered }: DomainRecord): boolean {
  if (held !== "by hand" && !(held === "ours" && changes.length === 0)) return false;
  return answered?.state === "partly" || answered?.state === "nowhere";
}

async function waitForServers(look: DomainsLook, options: DomainsCheckOptions): Promise<DomainsLook> {
  const { clock, signal } = look.context;
  const deadline = clock.now() + (options.waitMs ?? 0);
  let { records, propagation } = look;
  for (let pause = firstPauseMs; records.some(isUnderWay); pause = Math.min(pause * 1.5, longestPauseMs)) {
    const left = deadline - clock.now();
    if (left <= 0) break;
    options.onProgress?.(missing(records));
    await clock.sleep(Math.min(pause, left), signal);
    propagation = propagation.again();
    const round = propagation;
    records = await Promise.all(
      records.map((record) => (isUnderWay(record) ? withAnswers(record, look.held, round) : record)),
    );
  }
  if (propagation === look.propagation) return look;
  const zones = await Promise.all(
    look.zones.map(async (report) => {
      const zone = await propagation.zone(report.zone);
      return "states" in zone ? { ...report, servers: zone.states } : report;
    }),
  );
  return { ...look, records, propagation, zones };
}

/** Who is missing, in one sentence. */
function missing(records: readonly DomainRecord[]): string {
  const parts = records.filter(isUnderWay).map(({ name, type, answered }) => {
    const others = (answered?.servers ?? []).filter(
      ({ state }) => state !== "agrees" && state !== "unreachable",
    );
    const who = others.map((one) => `${one.server} ${describeAnswer(one)}`).join(", ");
    return `${name} ${type}: ${answered?.agree} of ${answered?.of}, ${who}`;
  });
  return `Waiting for name servers. ${parts.join("; ")}.`;
}

async function caaFindings(session: Session, look: DomainsLook): Promise<readonly DomainFinding[]> {
  const { certificates } = session.environment.providers;
  const identities = certificates?.certificates?.capabilities.caaIdentities ?? [];
  if (certificates === undefined || identities.length === 0) return [];
  const findings = await Promise.all(
    look.routes.map(async ({ host }): Promise<DomainFinding[]> => {
      if (host in look.lost) return [];
      const set = await findCaa(look.propagation.finder, host);
      if (set === undefined || mayIssue(set, host, identities)) return [];
      return [
        {
          name: host,
          severity: "problem",
          message: `The CAA records of ${set.name} forbid ${certificates.name} to issue its certificate: ${set.values.join(", ")}.`,
          hint: `Add the record ${set.name} CAA 0 issue "${identities[0]}".`,
        },
      ];
    }),
  );
  return findings.flat();
}

/** IPv6 is tried first by whoever has it: an address of somebody else's there takes the host away. */
async function strayAddresses(look: DomainsLook, host: string): Promise<readonly DomainFinding[]> {
  const records = look.records.filter((one) => one.name === host && one.use === "traffic");
  const leading = records.find(({ type }) => type === "A" || type === "ALIAS" || type === "CNAME");
  const proxied = leading?.wanted?.extra?.proxied === true;
  if (leading?.wanted === undefined || proxied || records.some(({ type }) => type === "AAAA")) return [];
  const { finder } = look.propagation;
  const found = await finder.lookup(host, "AAAA");
  const values = found.flatMap((one) => (one.type === "AAAA" ? [one.value] : []));
  if (values.length === 0) return [];
  const targets = leading.type === "A" ? [] : leading.wanted.values;
  const allowed = new Set((await Promise.all(targets.map((name) => finder.addressesOf(name)))).flat());
  const strays = values.map(shortAddress).filter((value) => !allowed.has(value));
  return strays.length === 0
    ? []
    : [
        {
          name: host,
          severity: "problem",
          message: `An AAAA record leads it elsewhere over IPv6: ${strays.join(", ")}.`,
          hint: `Remove the AAAA record of ${host}.`,
        },
      ];
}

function shortAddress(value: string): string {
  return new URL(`http://[${value}]/`).hostname.slice(1, -1);
}

async function probe(
  look: DomainsLook,
  route: Route,
): Promise<{ readonly result: ConnectResult; readonly findings: readonly DomainFinding[] }> {
  const { host } = route;
  const addresses = await look.propagation.finder.addressesOf(host);
  if (addresses.length === 0) {
    const message = "Its name servers tell no address for it: nobody can connect.";
    const findings: DomainFinding[] = host in look.lost ? [] : [{ name: host, severity: "problem", message }];
    return { result: { probe: { host }, failures: [] }, findings };
  }
  const result = await connectTo(look.context, look.network, host, addresses);
  return { result, findings: judgeProbe(look, route, result) };
}

function judgeProbe(
  look: DomainsLook,
  route: Route,
  { probe: seen, failures }: ConnectResult,
): readonly DomainFinding[] {
  const { host } = route;
  const say = (severity: DomainFinding["severity"], message: string, hint?: string): DomainFinding => ({
    ...{ name: host, severity, message },
    ...(hint === undefined ? {} : { hint }),
  });
  const { certificate, https, http } = seen;
  const secure = look.secure.includes(host);
  if (certificate === undefined) {
    const reasons =
      failures.length === 0 ? "this machine reaches none of its addresses" : failures.join("; ");
    return [say(secure ? "problem" : "note", `No TLS connection comes about: ${reasons}.`)];
  }
  const findings: DomainFinding[] = [];
  const { matches, trusted, names, issuer, daysLeft } = certificate;
  if (!matches) {
    findings.push(
      say("problem", `Its certificate is for ${names.join(", ") || "no name at all"}, not for it.`),
    );
  }
  if (daysLeft < 0) findings.push(say("problem", "The certificate it shows has expired."));
  else if (daysLeft <= fewDays) {
    findings.push(say("problem", `The certificate it shows is good for ${daysLeft} more days only.`));
  }
  if (!trusted && daysLeft >= 0) {
    findings.push(say("problem", `Its certificate is signed by ${issuer}, whom browsers do not know.`));
  }
  findings.push(...judgeAnswer(route, https, say));
  if (http === undefined) findings.push(say("note", "Over plain HTTP it does not answer."));
  else if (!leadsTo(http, "https://")) findings.push(say("note", "Plain HTTP is not redirected to HTTPS."));
  return findings;
}

function judgeAnswer(
  route: Route,
  answer: { readonly status: number; readonly location?: string } | undefined,
  say: (severity: DomainFinding["severity"], message: string, hint?: string) => DomainFinding,
): readonly DomainFinding[] {
  if (answer === undefined) return [say("problem", "Behind its certificate nothing answers.")];
  if ("redirect" in route) {
    const to = answer.location === undefined ? undefined : hostOf(answer.location, route.host);
    if (answer.status >= 300 && answer.status < 400 && to === normaliseName(route.redirect)) return [];
    return [
      say(
        "problem",
        `It should redirect to ${route.redirect}, and answers ${answer.status}${to === undefined ? "" : ` to ${to}`}.`,
      ),
    ];
  }
  if (answer.status < 500) return [];
  return [say("problem", `The app answers ${answer.status}.`, "See `deploy status` and `deploy logs`.")];
}

function leadsTo({ status, location = "" }: { status: number; location?: string }, start: string): boolean {
  return status >= 300 && status < 400 && location.startsWith(start);
}

function hostOf(location: string, base: string): string | undefined {
  return URL.canParse(location, `https://${base}`)
    ? new URL(location, `https://${base}`).hostname
    : undefined;
}
