import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DeployError, type Importer } from "@deploy/core";
import { usageError } from "../usage-error.js";

/**
 * The importer of that name, from the package of the provider which is installed in the project: `heroku` is looked
 * for in `@deploy/provider-heroku` and `deploy-provider-heroku`, a package name is taken as it is.
 *
 * @throws `usage.bad-importer`, `import.not-installed`, `import.no-importer`.
 */
export async function findImporter(name: string, directory: string): Promise<Importer> {
  if (!/^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/.test(name)) {
    throw usageError(
      "bad-importer",
      `"${name}" names no importer.`,
      "Say what to import from: deploy import heroku, or deploy import heroku:my-app.",
    );
  }
  const packages = name.startsWith("@") ? [name] : [`@deploy/provider-${name}`, `deploy-provider-${name}`];
  const require = createRequire(join(directory, "package.json"));
  for (const candidate of packages) {
    const path = resolved(require, candidate);
    if (path === undefined) continue;
    const module = (await import(pathToFileURL(path).href)) as { importers?: unknown };
    const importers = Array.isArray(module.importers) ? (module.importers as readonly Importer[]) : [];
    const found = importers.find((one) => one.name === name) ?? importers[0];
    if (found !== undefined) return found;
    throw new DeployError({
      code: "import.no-importer",
      message: `${candidate} has no importer.`,
      hint: "Write the configuration with `deploy init`.",
    });
  }
  throw new DeployError({
    code: "import.not-installed",
    message: `Nothing that imports from ${name} is installed here: looked for ${packages.join(" and ")}.`,
    hint: `Install it first: npm install --save-dev ${packages[0]}`,
  });
}

function resolved(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}
