import { DeployError } from "@deploy/core";

/** Where Caddy finds the instances of a process: the SRV name that its service is registered under. */
export interface Backend {
  /** Fully qualified SRV name, such as `web.shop-production.deploy-production.internal`. */
  readonly srv: string;
}

/** A host name of the app on this instance. */
export type SiteHost =
  | { readonly host: string; readonly backend: Backend }
  | { readonly host: string; readonly redirect: string };

/** A port of the instance's address which leads to a process by plain HTTP, whatever the host name. */
export interface SiteDoor {
  readonly port: number;
  readonly backend: Backend;
}

/** Everything that one app has Caddy serve. */
export interface Site {
  /** `shop/production`: for whoever reads the file. */
  readonly owner: string;
  readonly hosts: readonly SiteHost[];
  readonly doors: readonly SiteDoor[];
  /** Seconds that a request is held while no instance answers. */
  readonly holdSeconds: number;
  /** Name servers for SRV and addresses in place of the instance's own, `host:port`; for tests. */
  readonly resolvers?: readonly string[];
}

/** The line by which the script finds out which app has a port. */
function doorLine(port: number): string {
  return `# deploy port ${port}`;
}

/** What all sites of an instance share. */
export interface MainFileOptions {
  /** Told to the certificate authority, which writes to it when something is wrong. */
  readonly email?: string;
  /** URL of another ACME directory than Let's Encrypt's and ZeroSSL's, which are Caddy's own choice. */
  readonly acmeDirectory?: string;
  /** Others than 80 and 443, for tests. */
  readonly ports?: { readonly http: number; readonly https: number };
}

/**
 * The options that all sites share, and the import of their files.
 *
 * The API that reloads stays where Caddy has it, on loopback: Caddy has the host's network, apps have networks of their
 * own and cannot reach it.
 * `grace_period` bounds how long a replaced configuration still finishes requests.
 */
export function mainFile(options: MainFileOptions = {}): string {
  const { email, acmeDirectory, ports } = options;
  return [
    "{",
    "\tgrace_period 30s",
    ...(ports === undefined ? [] : [`\thttp_port ${ports.http}`, `\thttps_port ${ports.https}`]),
    ...(email === undefined ? [] : [`\temail ${checkedWord("e-mail address", email)}`]),
    ...(acmeDirectory === undefined ? [] : [`\tacme_ca ${checkedWord("ACME directory", acmeDirectory)}`]),
    "}",
    "import apps/*.caddy",
    "",
  ].join("\n");
}

/**
 * The Caddyfile of one app: plain HTTP on its doors, and HTTPS by Caddy's own certificates for its hosts, to which plain
 * HTTP is redirected.
 *
 * @throws `ingress.bad-host` for a name that would mean something else in a Caddyfile.
 */
export function siteFile(site: Site): string {
  const lines = [`# ${site.owner.replaceAll(/[^\w/.-]/g, "")}: written by Deploy, replaced by the next run`];
  for (const { port } of site.doors) lines.push(doorLine(port));
  for (const { port, backend } of site.doors) {
    lines.push(`http://:${port} {`, ...proxyLines(site, backend), "}");
  }
  for (const one of site.hosts) {
    lines.push(`${checkedHost(one.host)} {`);
    if ("redirect" in one) lines.push(`\tredir https://${checkedHost(one.redirect)}{uri} permanent`);
    else lines.push(...proxyLines(site, one.backend));
    lines.push("}");
  }
  return `${lines.join("\n")}\n`;
}

/**
 * How a request gets to an instance. Instances are looked up anew every second, on every try: one that refuses the
 * connection is left out for two seconds and the request goes to another, so that neither a starting nor a stopping one
 * costs a request. Idle connections are closed after a second, before any app's own server does (gunicorn: two
 * seconds), since one that is closed at the far end loses the request that was just sent on it. WebSockets outlive a
 * reload that another app has caused.
 */
function proxyLines(site: Site, { srv }: Backend): string[] {
  const resolvers = site.resolvers?.map((one) => checkedWord("name server", one)).join(" ");
  return [
    "\treverse_proxy {",
    `\t\tdynamic srv ${checkedHost(srv)} {`,
    "\t\t\trefresh 1s",
    "\t\t\tgrace_period 1m",
    ...(resolvers === undefined ? [] : [`\t\t\tresolvers ${resolvers}`]),
    "\t\t}",
    `\t\tlb_try_duration ${site.holdSeconds}s`,
    "\t\tlb_try_interval 100ms",
    "\t\tfail_duration 2s",
    "\t\tstream_close_delay 24h",
    "\t\ttransport http {",
    "\t\t\tdial_timeout 2s",
    "\t\t\tkeepalive 1s",
    ...(resolvers === undefined ? [] : [`\t\t\tresolvers ${resolvers}`]),
    "\t\t}",
    "\t}",
  ];
}

function checkedHost(host: string): string {
  if (/^[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?$/.test(host)) return host;
  throw new DeployError({
    code: "ingress.bad-host",
    message: `${JSON.stringify(host)} is no host name that Caddy can serve.`,
    hint: "Use letters, digits, hyphens and dots; write names of other alphabets as xn--….",
  });
}

function checkedWord(what: string, word: string): string {
  if (/^[\w.:/@+~%-]+$/.test(word)) return word;
  throw new DeployError({
    code: "ingress.bad-option",
    message: `The ${what} ${JSON.stringify(word)} cannot be written into a Caddyfile.`,
    hint: "Leave out spaces, quotes and braces.",
  });
}
