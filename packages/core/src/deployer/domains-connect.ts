import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Context } from "../context.js";
import type { NameNetwork } from "../elements/propagation-network.js";
import { daysUntil } from "./domains-look.js";
import type { HostProbe } from "./domains-types.js";

/** What came of connecting, and why it did not come about where it did not. */
export interface ConnectResult {
  readonly probe: HostProbe;
  /** Why no TLS connection came about, address by address; empty where one did. */
  readonly failures: readonly string[];
}

/** A host that has not answered by then is down for its users as well. */
const timeoutMs = 10_000;
/** Addresses of one host that are tried. */
const mostAddresses = 4;
const noWay = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"]);

/**
 * Connects to a host at addresses that its own name servers have told, as a browser would: TLS with its name, `GET /`,
 * and the same over plain HTTP. No certificate is refused here: what is wrong with it is what is asked for.
 */
export async function connectTo(
  context: Context,
  network: NameNetwork,
  host: string,
  addresses: readonly string[],
): Promise<ConnectResult> {
  const failures: string[] = [];
  const sorted = [...addresses].sort((one, other) => Number(one.includes(":")) - Number(other.includes(":")));
  const ca = await extraAuthorities(context);
  for (const address of sorted.slice(0, mostAddresses)) {
    context.signal.throwIfAborted();
    const secure = await overTls(context, { address, port: network.httpsPort, host, ca });
    if (!("certificate" in secure)) {
      if (secure.reachable) failures.push(`${address}: ${secure.reason}`);
      continue;
    }
    const plain = await overHttp(context, { address, port: network.httpPort, host });
    return {
      failures: [],
      probe: {
        host,
        address,
        certificate: secure.certificate,
        ...(secure.answer === undefined ? {} : { https: secure.answer }),
        ...(plain === undefined ? {} : { http: plain }),
      },
    };
  }
  const first = sorted[0];
  const plain =
    first === undefined
      ? undefined
      : await overHttp(context, { address: first, port: network.httpPort, host });
  const probe = {
    host,
    ...(first === undefined || plain === undefined ? {} : { address: first, http: plain }),
  };
  return { probe, failures };
}

interface Target {
  readonly address: string;
  readonly port: number;
  readonly host: string;
}

type Answer = NonNullable<HostProbe["https"]>;

async function overTls(
  context: Context,
  { address, port, host, ca }: Target & { readonly ca: readonly string[] | undefined },
): Promise<
  | { readonly certificate: NonNullable<HostProbe["certificate"]>; readonly answer?: Answer }
  | { readonly reason: string; readonly reachable: boolean }
> {
  const { request } = process.getBuiltinModule("node:https");
  return new Promise((resolve) => {
    let certificate: HostProbe["certificate"];
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
    const call = request({
      ...{ host: address, port, servername: host, headers: { host }, path: "/", signal, agent: false },
      ...(ca === undefined ? {} : { ca: [...ca] }),
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    call.on("socket", (socket) => {
      socket.on("secureConnect", () => {
        certificate = describe(socket as TLSSocket, host, context.clock.now());
      });
    });
    call.on("response", (response) => {
      response.destroy();
      const answer = answerOf(response);
      resolve(
        certificate === undefined
          ? { reason: "it shows no certificate", reachable: true }
          : { certificate, answer },
      );
    });
    call.on("error", (error) => {
      if (certificate !== undefined) return resolve({ certificate });
      const { code = "" } = error as NodeJS.ErrnoException;
      resolve({
        reason: signal.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(code),
        reachable: !noWay.has(code),
      });
    });
    call.end();
  });
}

async function overHttp(context: Context, { address, port, host }: Target): Promise<Answer | undefined> {
  const { request } = process.getBuiltinModule("node:http");
  return new Promise((resolve) => {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
    const call = request({ host: address, port, headers: { host }, path: "/", signal, agent: false });
    call.on("response", (response) => {
      response.destroy();
      resolve(answerOf(response));
    });
    call.on("error", () => resolve(undefined));
    call.end();
  });
}

function answerOf({ statusCode = 0, headers }: IncomingMessage): Answer {
  return { status: statusCode, ...(headers.location === undefined ? {} : { location: headers.location }) };
}

function describe(socket: TLSSocket, host: string, now: number): HostProbe["certificate"] {
  const { checkServerIdentity } = process.getBuiltinModule("node:tls");
  const certificate = socket.getPeerCertificate();
  if (certificate.valid_to === undefined) return undefined;
  const expires = Date.parse(certificate.valid_to);
  const names = (certificate.subjectaltname ?? "")
    .split(", ")
    .flatMap((name) => (name.startsWith("DNS:") ? [name.slice("DNS:".length)] : []));
  const { O: organisation, CN: name } = certificate.issuer;
  return {
    issuer: [organisation ?? name ?? "unknown"].flat().join(", "),
    names,
    matches: checkServerIdentity(host, certificate) === undefined,
    trusted: socket.authorized,
    expires: new Date(expires).toISOString(),
    daysLeft: daysUntil(expires, now),
  };
}

function reasonOf(code: string): string {
  switch (code) {
    case "ECONNREFUSED":
      return "nothing listens there";
    case "ECONNRESET":
    case "EPROTO":
      return "it does not speak TLS for this name";
    default:
      return code === "" ? "the connection failed" : `the connection failed (${code})`;
  }
}

/** What Node.js itself trusts beyond its own list, for a caller who has put it into `env` only. */
async function extraAuthorities(context: Context): Promise<readonly string[] | undefined> {
  const file = context.env.NODE_EXTRA_CA_CERTS;
  if (!file) return undefined;
  const own = await process
    .getBuiltinModule("node:fs/promises")
    .readFile(file, "utf8")
    .catch(() => undefined);
  return own === undefined ? undefined : [...process.getBuiltinModule("node:tls").rootCertificates, own];
}
