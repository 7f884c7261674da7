import { DeployError, type Deployer, isSupported, reveal } from "@deploy/core";
import type { Redactor } from "./redact.js";

/** Keeps the redactor of an environment in the know of its secrets. */
export interface SecretValues {
  /**
   * Asks which versions there are, and reads the values of new ones.
   *
   * Rejects with the provider's `DeployError` when it cannot be asked. Calls at the same time are one.
   */
  refresh(): Promise<void>;
  /** Why values are not known and never will be by asking again; patterns alone are looked for. */
  gap(): string | undefined;
}

/** Makes one; the values stay in memory, in the redactor only. */
export function createSecretValues(deployer: Deployer, redactor: Redactor): SecretValues {
  const versions = new Map<string, string>();
  let running: Promise<void> | undefined;
  let gap: string | undefined;

  const load = async (): Promise<void> => {
    const { secrets } = deployer.environment.providers;
    if (secrets.secrets === undefined || !isSupported(secrets.secrets.capabilities.reveal)) {
      if (deployer.environment.secrets.length > 0) {
        gap = `${secrets.name} does not show secrets again: only what looks like one is taken out of lines.`;
      }
      return;
    }
    try {
      const changed = (await deployer.secrets.list()).filter(
        ({ name, version }) => versions.get(name) !== version,
      );
      for (const { name, version } of changed) {
        const value = await deployer.secrets.reveal(name).catch((thrown: unknown) => {
          // It was removed between the two questions.
          if (DeployError.is(thrown) && /^secrets\.(?:missing|unknown)$/.test(thrown.code)) return undefined;
          throw thrown;
        });
        if (value !== undefined) redactor.learn([reveal(value)]);
        versions.set(name, version);
      }
      gap = undefined;
    } catch (thrown) {
      // What may pass is waited for: a line with a secret in it is worse than one that is late.
      if (!DeployError.is(thrown) || thrown.retryable) throw thrown;
      gap = `Secrets cannot be read (${thrown.message}): only what looks like one is taken out of lines.`;
    }
  };

  return {
    refresh: () => {
      running ??= load().finally(() => {
        running = undefined;
      });
      return running;
    },
    gap: () => gap,
  };
}
