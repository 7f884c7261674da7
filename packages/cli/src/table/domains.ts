import { confirmFlag, PLAN_FLAGS } from "./flags.js";
import type { ArgumentSpec, CommandSpec } from "./types.js";

const ZONE_ARGUMENT: ArgumentSpec = {
  name: "zone",
  description: "Its name, such as example.org",
  required: true,
};

/** Commands about host names: what is wanted, what the vendors hold, and what the world is told. */
export const DOMAIN_COMMANDS: readonly CommandSpec[] = [
  {
    name: "domains status",
    summary: "Each domain: its records, its name servers, its certificate",
    description:
      "Records as they are wanted, as the vendor holds them, and as every name server of the zone answers.\nExit code 1 if something is wrong.",
    examples: ["deploy domains status -e production"],
  },
  {
    name: "domains diff",
    summary: "Show what `up` would change in records, certificates and routes",
    description:
      "Without a DNS provider: the records to make by hand, as lines of a zone file on stdout.\nRecords of others at the same names are shown; they stay as they are.",
    flags: [
      ...PLAN_FLAGS.filter(({ name }) => name !== "rerun-release"),
      { name: "exit-code", kind: "switch", description: "Answer with exit code 8 when there are changes" },
    ],
    examples: ["deploy domains diff -e production", "deploy domains diff -e production --exit-code"],
  },
  {
    name: "domains check",
    summary: "Ask every name server, and connect as a browser would",
    description:
      "Asks the authoritative servers, each for itself, never a resolver that would remember an answer. Shows servers that\nare behind, lame or silent, CAA records that forbid the issuer, stray IPv6 addresses, the certificate that is shown,\nand what the app answers. Exit code 1 if something is wrong.\n\nIn a network with name servers of its own: DEPLOY_RESOLVERS=192.0.2.53,192.0.2.54:5353 names the resolvers to start\nfrom; DEPLOY_NAME_SERVER_PORT, DEPLOY_HTTP_PORT and DEPLOY_HTTPS_PORT say where its servers listen.",
    arguments: [{ name: "host", description: "Only these domains (default: all)", repeated: true }],
    flags: [
      {
        name: "wait",
        kind: "optional",
        value: "time",
        description: "Wait until all name servers agree; at most so long (default: 10m)",
      },
      { name: "no-connect", kind: "switch", description: "Ask name servers only" },
    ],
    examples: [
      "deploy domains check -e production",
      "deploy domains check www.example.org --wait -e production",
      "deploy domains check --wait=1h --no-connect -e production",
    ],
  },
  {
    name: "domains copies",
    summary: "List the copies of a zone, made before each write",
    description: "Only DNS providers that replace a zone as a whole make them, such as Namecheap.",
    arguments: [ZONE_ARGUMENT],
  },
  {
    name: "domains restore",
    summary: "Put a copy of a zone back, records of others included",
    description: "Shows what would change first. The zone as it is now is copied before.",
    arguments: [ZONE_ARGUMENT],
    flags: [
      {
        name: "copy",
        kind: "text",
        value: "id",
        description: "Which one, from `domains copies` (default: the newest)",
      },
      confirmFlag("the name of the zone"),
    ],
    examples: [
      "deploy domains restore example.org -e production",
      "deploy domains restore example.org --copy 20260101T120000Z --confirm example.org",
    ],
  },
];
