import { isSupported, type Provider, type Support } from "@deploy/core";

/** Capabilities that are a yes or a reason, by element. */
const supportNames: Readonly<Record<string, readonly string[]>> = {
  servers: ["provisioning", "isolation"],
  images: ["dockerfile", "buildCommand", "promotion"],
  containers: [
    "releaseCommand",
    "jobs",
    "run",
    "exec",
    "scale",
    "volumes",
    "internalAddresses",
    "atomicRelease",
    "rollback",
    "zeroDowntime",
  ],
  logs: ["follow", "history", "releaseOutput", "resume"],
  secrets: ["versions", "reveal"],
  ingress: ["customHosts", "redirects", "wildcards", "webSockets"],
  dns: ["wildcards", "redirects"],
  certificates: ["wildcards"],
  addons: ["backup", "restore", "connect"],
};

/** Methods that a yes promises. */
const promised: readonly (readonly [string, readonly string[]])[] = [
  ["containers.internalAddresses", ["containers.address"]],
  ["addons.backup", ["addons.backup", "addons.backups"]],
  ["addons.restore", ["addons.restore"]],
  ["addons.connect", ["addons.connect"]],
  ["dns.redirects", ["dns.redirect"]],
];

/** Every capability of a provider that is a yes or a reason, by path; undefined where an element leaves it out. */
export function supportsOf(provider: Provider): ReadonlyMap<string, Support | undefined> {
  const found = new Map<string, Support | undefined>();
  for (const [element, names] of Object.entries(supportNames)) {
    const part = provider[element as "servers"];
    if (part === undefined) continue;
    const capabilities = part.capabilities as unknown as
      | Readonly<Record<string, Support | undefined>>
      | undefined;
    for (const name of names) found.set(`${element}.${name}`, capabilities?.[name]);
  }
  for (const [kind, support] of Object.entries(provider.addons?.capabilities.kinds ?? {})) {
    found.set(`addons.kinds.${kind}`, support);
  }
  return found;
}

/** What does not fit between what is declared and what is there, a sentence each. */
export function capabilityProblems(provider: Provider): readonly string[] {
  const supports = supportsOf(provider);
  const problems: string[] = [];
  for (const [path, support] of supports) if (support === undefined) problems.push(`${path} is not declared`);
  for (const [path, methods] of promised) {
    if (!isSupported(supports.get(path))) continue;
    for (const method of methods) {
      const [element = "", name = ""] = method.split(".");
      const part = provider[element as "addons"] as unknown as Readonly<Record<string, unknown>> | undefined;
      if (typeof part?.[name] !== "function") problems.push(`${path} is a yes, and there is no ${method}()`);
    }
  }
  for (const role of ["viewer", "deployer", "operator", "manager"] as const) {
    const support = provider.access?.capabilities.roles[role];
    if (provider.access !== undefined && support !== true && !support?.no) {
      problems.push(`access.roles.${role} is neither a yes nor says why not`);
    }
  }
  const { apex, types } = provider.dns?.capabilities ?? {};
  if (provider.dns !== undefined && types?.length === 0) problems.push("dns.types is empty");
  if (typeof apex === "object" && !apex.no) problems.push("dns.apex gives no reason");
  if (provider.logs !== undefined && !provider.logs.capabilities.retention)
    problems.push("logs.retention is empty");
  return problems;
}

/** Why a capability that a scenario requires is not there; undefined when it is. */
export function missingCapability(provider: Provider, path: string): string | undefined {
  const [element = "", name] = path.split(".");
  const part = (provider as unknown as Readonly<Record<string, unknown>>)[element];
  if (part === undefined) return `${provider.name} has no ${element}`;
  if (name === undefined) return undefined;
  const support = (part as { readonly capabilities?: Readonly<Record<string, Support>> }).capabilities?.[
    name
  ];
  if (isSupported(support)) return undefined;
  if (support !== undefined) return `${path}: ${support.no}`;
  const optional = (part as Readonly<Record<string, unknown>>)[name];
  return typeof optional === "function" ? undefined : `${provider.name} has no ${path}`;
}
