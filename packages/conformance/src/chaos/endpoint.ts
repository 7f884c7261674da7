import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A unix socket on which HTTP is spoken. */
export interface UnixSocket {
  /** Absolute path; Linux allows 107 bytes, macOS 103. */
  readonly socketPath: string;
}

/** Where HTTP is spoken: an `http:` or `https:` URL, or a unix socket. */
export type Endpoint = URL | UnixSocket;

/** What reaches an endpoint, whichever kind it is. */
export interface Reach {
  /** As for `http.request`: socket, or host and port. */
  readonly options: RequestOptions;
  /** The `Host` header that the endpoint insists on; absent: the client's own is passed on. */
  readonly host?: string;
  /** What is put before every path; empty, or it begins with `/` and does not end with one. */
  readonly prefix: string;
  readonly request: typeof httpRequest;
  /** A raw connection, for upgrades. */
  readonly connect: () => Socket;
}

/** How an endpoint is reached. */
export function reach(endpoint: Endpoint): Reach {
  if (!(endpoint instanceof URL)) {
    const { socketPath } = endpoint;
    return {
      options: { socketPath },
      prefix: "",
      request: httpRequest,
      connect: () => connectTcp({ path: socketPath }),
    };
  }
  const host = endpoint.hostname.replace(/^\[(.*)\]$/, "$1");
  const prefix = endpoint.pathname.replace(/\/$/, "");
  if (endpoint.protocol === "https:") {
    const port = Number(endpoint.port || 443);
    return {
      options: { host, port },
      host: endpoint.host,
      prefix,
      request: httpsRequest,
      connect: () => connectTls({ host, port, servername: host }),
    };
  }
  const port = Number(endpoint.port || 80);
  return {
    options: { host, port },
    prefix,
    request: httpRequest,
    connect: () => connectTcp({ host, port }),
  };
}
