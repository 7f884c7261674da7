import { DeployError } from "@deploy/core";
import { whoListens } from "./operating-system/free-port.js";

/** The error for a port that somebody else listens on; it names the program, where the system tells. */
export function portTaken(port: number, cause?: unknown): DeployError {
  const listener = whoListens(port);
  const who = listener === undefined ? "another program" : `${listener.command} (process ${listener.pid})`;
  return new DeployError({
    code: "servers.port-taken",
    message: `Port ${port} is taken by ${who}.`,
    hint: "Stop that program, or choose another port: local({ port }) or DEPLOY_PORT.",
    ...(cause === undefined ? {} : { cause }),
  });
}
