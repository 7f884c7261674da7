import { DeployError } from "@deploy/core";
import type { EndpointOptions } from "./options.js";

/** Heroku's own hosts. */
export const herokuEndpoints: EndpointOptions = {
  api: "https://api.heroku.com",
  data: "https://api.data.heroku.com",
  registry: "https://registry.heroku.com",
  metrics: "https://api.metrics.heroku.com",
};

/** The variable which overrides each host. */
const endpointVariables: Readonly<Record<keyof EndpointOptions, string>> = {
  api: "HEROKU_API_URL",
  data: "HEROKU_DATA_URL",
  registry: "HEROKU_REGISTRY_URL",
  metrics: "HEROKU_METRICS_URL",
};

/**
 * The origin to talk to: what the options say, else the environment variable, else Heroku.
 *
 * @throws `heroku.bad-endpoint` for what is no address, and for plain HTTP to another machine: the token goes there.
 */
export function endpointOf(
  which: keyof EndpointOptions,
  options: Partial<EndpointOptions> | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const variable = endpointVariables[which];
  const given = options?.[which] ?? env[variable];
  if (given === undefined || given === "") return herokuEndpoints[which];
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const loopback = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url !== undefined && (url.protocol === "https:" || (url.protocol === "http:" && loopback))) {
    return url.origin;
  }
  throw new DeployError({
    code: "heroku.bad-endpoint",
    message: `${options?.[which] === undefined ? variable : `endpoints.${which}`} is no https address of a host.`,
    hint: `Unset it to talk to ${herokuEndpoints[which]}; plain http is only allowed to this machine.`,
  });
}
