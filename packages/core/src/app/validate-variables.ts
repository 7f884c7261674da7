import { addonVariables, addressVariable } from "./addon-variables.js";
import { entriesOf, isFields, memberOf } from "./checks.js";
import { formatPath, type Path, type Report } from "./report.js";

/** Somebody who sets a variable. */
interface Claim {
  readonly variable: string;
  /** `config`, `the add-on db`, as a message names it. */
  readonly by: string;
  readonly path: Path;
  /** Config of one process, which may replace config of all. */
  readonly ofProcess?: boolean;
}

/**
 * Reports variables that two would set: config, secrets, add-ons, and addresses of internal processes.
 *
 * With `environment`, what an environment makes of them; a clash of the app itself is not said again there.
 */
export function checkVariables(
  app: unknown,
  environment: { readonly name: string; readonly value: unknown } | undefined,
  report: Report,
): void {
  const base: Path = environment === undefined ? [] : ["environments", environment.name];
  const claims = claimsOf(app, environment?.value, base);
  const first = new Map<string, Claim>();
  for (const claim of claims) {
    const other = first.get(claim.variable);
    if (other === undefined) {
      if (claim.ofProcess !== true) first.set(claim.variable, claim);
      continue;
    }
    if (claim.ofProcess === true && other.by === "config") continue;
    const ours = (path: Path): boolean => environment === undefined || path[0] === "environments";
    if (!ours(claim.path) && !ours(other.path)) continue;
    const [at, elsewhere] = ours(claim.path) ? [claim, other] : [other, claim];
    report.problem(
      at.path,
      `${claim.variable} is set twice: by ${elsewhere.by} and by ${at.by}.`,
      hintFor(claim, other),
    );
  }
}

function hintFor(one: Claim, other: Claim): string {
  const both = [one.by, other.by];
  if (both.some((by) => by.startsWith("the add-on")))
    return 'Rename one of them; an add-on\'s is set with as: "…".';
  if (both.includes("the secrets")) return "Keep it in secrets if nobody may see it, else in config.";
  return "Rename one of them.";
}

/** Everybody who sets a variable, those that are replaced by an environment left out; config comes first. */
function claimsOf(app: unknown, environment: unknown, base: Path): readonly Claim[] {
  const claims: Claim[] = [];
  const merged = (key: string): ReadonlyMap<string, Path> =>
    new Map([
      ...entriesOf(memberOf(app, key)).map(([name]) => [name, [key, name]] as const),
      ...entriesOf(memberOf(environment, key)).map(([name]) => [name, [...base, key, name]] as const),
    ]);
  for (const [variable, path] of merged("config")) claims.push({ variable, by: "config", path });
  const known = new Set<string>();
  for (const [owner, at] of [[app, []] as const, [environment, base] as const]) {
    for (const [index, variable] of listAt(owner, "secrets").entries()) {
      if (typeof variable !== "string" || known.has(variable)) continue;
      known.add(variable);
      claims.push({ variable, by: "the secrets", path: [...at, "secrets", String(index)] });
    }
  }
  claims.push(...addonClaims(app, environment, base));
  claims.push(...processClaims(app, environment, base));
  return claims;
}

function addonClaims(app: unknown, environment: unknown, base: Path): readonly Claim[] {
  const addons = entriesOf(memberOf(app, "addons")).map(([name, value]) => {
    const override = memberOf(memberOf(environment, "addons"), name);
    return {
      name,
      kind: memberOf(override, "kind") ?? memberOf(value, "kind"),
      as: memberOf(override, "as") ?? memberOf(value, "as"),
      path: isFields(override) ? [...base, "addons", name] : ["addons", name],
    };
  });
  const variables = addonVariables(addons);
  return addons.map(({ name, path }) => ({ variable: variables.get(name)!, by: `the add-on ${name}`, path }));
}

function processClaims(app: unknown, environment: unknown, base: Path): readonly Claim[] {
  const claims: Claim[] = [];
  const configClaims: Claim[] = [];
  for (const [name, value] of entriesOf(memberOf(app, "processes"))) {
    const override = memberOf(memberOf(environment, "processes"), name);
    if ((memberOf(override, "internal") ?? memberOf(value, "internal")) === true) {
      const path = memberOf(override, "internal") === undefined ? [] : base;
      const by = `the address of the internal process ${name}`;
      claims.push({ variable: addressVariable(name), by, path: [...path, "processes", name] });
    }
    for (const [owner, at] of [[value, []] as const, [override, base] as const]) {
      for (const [variable] of entriesOf(memberOf(owner, "config"))) {
        const path = [...at, "processes", name, "config", variable];
        configClaims.push({ variable, by: `the config of ${name}`, path, ofProcess: true });
      }
    }
  }
  return [...claims, ...configClaims];
}

function listAt(owner: unknown, key: string): readonly unknown[] {
  const list = memberOf(owner, key);
  return Array.isArray(list) ? list : [];
}

const secretName = /SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|_KEY$/i;
const publicName = /PUBLIC|PUBLISHABLE/i;
const urlWithPassword = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i;

/** Notes values that look as if nobody should read them in a repository. */
export function noteSecretsInConfig(config: unknown, path: Path, report: Report): void {
  for (const [name, value] of entriesOf(config)) {
    if (typeof value !== "string" || value === "") continue;
    const named = secretName.test(name) && !publicName.test(name);
    if (!named && !urlWithPassword.test(value)) continue;
    const inBuild = path.includes("build");
    const why = named ? "its name says that it is a secret" : "it is a URL with a password in it";
    report.note(
      [...path, name],
      `${formatPath([...path, name])} is written down in the open, and ${why}.`,
      inBuild
        ? "Build arguments stay readable in the image: do without it while building."
        : `Put the name into secrets: ["${name}"], and the value into: deploy secrets set ${name}.`,
    );
  }
}
