import { delimiter, join } from "node:path";
import { reveal } from "@deploy/core";
import type { ReleaseRecord } from "../protocol.js";
import type { SecretStore } from "./secret-store/index.js";

/** What of the supervisor's own environment an app may see: where it is and in which language, nothing more. */
const inherited = [
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

/**
 * The environment of a command of the app: config, secrets by their pinned versions, and who it is.
 *
 * @throws `secrets.missing` when a pinned version is no longer stored.
 */
export async function processEnvironment(options: {
  readonly app: string;
  readonly environment: string;
  readonly release: ReleaseRecord;
  readonly directory: string;
  readonly secrets: SecretStore;
  /** Of the process it belongs to, if it does. */
  readonly config?: Readonly<Record<string, string>>;
  readonly process: string;
  readonly instance: string;
  readonly run: string;
  readonly port?: number;
}): Promise<Record<string, string>> {
  const { app, environment, release, directory } = options;
  const values: Record<string, string> = {};
  for (const name of inherited) {
    const value = process.env[name];
    if (value !== undefined) values[name] = value;
  }
  // A locally installed interpreter or script runner comes first, as it does in a container built for the app.
  values.PATH = [join(directory, ".venv", "bin"), join(directory, "node_modules", ".bin"), release.path].join(
    delimiter,
  );
  values.PYTHONUNBUFFERED = "1";
  Object.assign(values, release.config, options.config);
  for (const reference of [...release.sensitiveConfig, ...release.secrets]) {
    const value = await options.secrets.reveal(
      app,
      environment,
      storedName(release, reference),
      Number(reference.version),
    );
    values[reference.name] = reveal(value);
  }
  return {
    ...values,
    ...(options.port === undefined ? {} : { PORT: String(options.port) }),
    DEPLOY_APP: app,
    DEPLOY_ENVIRONMENT: environment,
    DEPLOY_PROCESS: options.process,
    DEPLOY_INSTANCE: options.instance,
    DEPLOY_RELEASE: String(release.number),
    DEPLOY_RUN_ID: options.run,
  };
}

/** Sensitive config is stored beside the secrets, under names that a user's secret cannot have. */
export const sensitivePrefix = "DEPLOY_CONFIG__";

function storedName(release: ReleaseRecord, reference: { readonly name: string }): string {
  return release.sensitiveConfig.includes(reference as never)
    ? `${sensitivePrefix}${reference.name}`
    : reference.name;
}
