import type { Context } from "../context.js";
import { DeployError } from "../errors.js";
import { ask, type Patience, type Reply, type ServerAddress } from "./propagation-ask.js";
import type { QuestionType } from "./propagation-message.js";

/** Where names are asked for and hosts are connected to. */
export interface NameNetwork {
  /** Servers that resolve any name; asked for the addresses of name servers only, never for a name that is checked. */
  readonly resolvers: readonly ServerAddress[];
  /** Port of authoritative servers. */
  readonly port: number;
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** The variables that a network with names of its own is described by, each with what it stands for. */
export const networkVariables: Readonly<Record<string, string>> = {
  DEPLOY_RESOLVERS: "addresses of resolvers, with commas between, each with its port if it is not 53",
  DEPLOY_NAME_SERVER_PORT: "port of authoritative name servers (default 53)",
  DEPLOY_HTTP_PORT: "port that hosts are tried at over HTTP (default 80)",
  DEPLOY_HTTPS_PORT: "port that hosts are tried at over HTTPS (default 443)",
};

/**
 * The network as the environment variables describe it; the machine's own resolvers where they do not.
 *
 * @throws `config.bad-resolvers`, `config.bad-port`.
 */
export function networkOf(env: Context["env"]): NameNetwork {
  const given = env.DEPLOY_RESOLVERS?.trim() ?? "";
  const words = given === "" ? process.getBuiltinModule("node:dns").getServers() : given.split(",");
  return {
    resolvers: words.map((word) => serverAddress(word.trim())),
    port: portOf(env, "DEPLOY_NAME_SERVER_PORT", 53),
    httpPort: portOf(env, "DEPLOY_HTTP_PORT", 80),
    httpsPort: portOf(env, "DEPLOY_HTTPS_PORT", 443),
  };
}

/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`. */
function serverAddress(word: string): ServerAddress {
  const { isIP } = process.getBuiltinModule("node:net");
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(word) ?? [];
  const address = isIP(word.split("%")[0]!) > 0 ? word : (bracketed ?? plain ?? "");
  const number = port === undefined || address === word ? 53 : Number(port);
  if (isIP(address.split("%")[0]!) > 0 && number > 0 && number < 65_536) return { address, port: number };
  throw new DeployError({
    code: "config.bad-resolvers",
    message: `DEPLOY_RESOLVERS names something that is no address: "${word}".`,
    hint: "Write addresses with commas between: 192.0.2.53,[2001:db8::53]:5353.",
  });
}

function portOf(env: Context["env"], name: string, usual: number): number {
  const given = env[name]?.trim() ?? "";
  if (given === "") return usual;
  const port = Number(given);
  if (/^\d{1,5}$/.test(given) && port > 0 && port < 65_536) return port;
  throw new DeployError({
    code: "config.bad-port",
    message: `${name} has to be a port, not "${given}".`,
    hint: `It is the ${networkVariables[name]}.`,
  });
}

/** Asks the resolvers one after the other until one of them says something of use. */
export async function askResolvers(
  context: Pick<Context, "signal">,
  network: NameNetwork,
  name: string,
  type: QuestionType,
  patience?: Patience,
): Promise<Reply> {
  let last: Reply = { failure: "silent", reason: "this machine has no resolver" };
  for (const resolver of network.resolvers) {
    last = await ask(context, resolver, { name, type, recursive: true }, patience);
    if ("message" in last && ["NOERROR", "NXDOMAIN"].includes(last.message.code)) return last;
  }
  return last;
}
