import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { DeployError } from "@deploy/core";

/** What the conformance kit offers for a module that is already built. */
export interface Kit {
  testProviderModule(tested: {
    readonly module: string;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly onLine?: (line: string) => void;
    readonly only?: string;
  }): Promise<KitResult>;
}

/** How many scenarios ended in which way. */
export interface KitResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly expected: number;
}

/**
 * Loads the kit that the provider's own package has installed, so that it is tried by the version it was written for.
 *
 * @throws `provider.no-kit`
 */
export async function loadKit(module: string): Promise<Kit> {
  let file: string;
  try {
    file = createRequire(module).resolve("@deploy/conformance");
  } catch (cause) {
    throw new DeployError({
      code: "provider.no-kit",
      message: `The conformance kit is not installed where ${module} is.`,
      hint: "Install it there: npm install --save-dev @deploy/conformance",
      cause,
    });
  }
  return (await import(pathToFileURL(file).href)) as Kit;
}
