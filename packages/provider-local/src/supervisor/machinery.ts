import type { Home } from "../home.js";
import type { Databases } from "./databases/index.js";
import type { LogStore } from "./log-store/index.js";
import type { ReverseProxy } from "./proxy/index.js";
import type { SecretStore } from "./secret-store/index.js";

/** What every part of the supervisor works with. */
export interface Machinery {
  readonly home: Home;
  readonly proxy: ReverseProxy;
  readonly logs: LogStore;
  readonly secrets: SecretStore;
  readonly databases: Databases;
  /** Writes a line into the supervisor's own log. */
  readonly log: (line: string) => void;
  /** Aborted when the supervisor gives up its children, because it ends or hands over. */
  readonly leaving: AbortSignal;
  /** Loopback ports given to instances of all environments and not yet free again. */
  readonly portsInUse: Set<number>;
  /** Tells that routes or services have changed, so that the public entry is set anew. */
  readonly routesChanged: () => void;
}

/** Says what a deploy is doing, to the client that waits for it. */
export interface Reporter {
  readonly progress: (message: string) => void;
  readonly output: (text: string, stream: "stdout" | "stderr") => void;
}
