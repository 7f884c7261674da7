import { createDeployer, type Deployer, type Target } from "@deploy/core";
import type { ConfigFile } from "./config/types.js";

/**
 * The deployer of one environment.
 *
 * The embedded default, this machine, is loaded only where the environment declares no target of its own.
 */
export async function openDeployer(
  config: ConfigFile,
  environment: string,
  signal: AbortSignal,
): Promise<Deployer> {
  const declared = config.app.environments?.[environment]?.target;
  const defaultTarget = declared === undefined ? await localTarget() : undefined;
  return createDeployer(config.app, {
    environment,
    directory: config.directory,
    signal,
    ...(defaultTarget === undefined ? {} : { defaultTarget }),
    ...(config.file === undefined ? {} : { file: config.file }),
  });
}

async function localTarget(): Promise<Target> {
  const { local } = await import("@deploy/provider-local");
  return local();
}
