import type { Importer, ImportResult } from "../elements/importers.js";
import { callContext, makeSurroundings } from "./context.js";
import type { DeployerOptions } from "./types.js";

/**
 * Reads somebody else's format into a configuration, by an importer, and writes nothing.
 *
 * @param source A directory, as an absolute path, or the name of a running app at the vendor.
 * @throws what the importer throws: the file or app is not there, or nothing of it can be read.
 */
export function importConfig(
  importer: Importer,
  source: string,
  options: Pick<DeployerOptions, "directory" | "env" | "fetch" | "clock" | "signal"> = {},
): Promise<ImportResult> {
  const surroundings = makeSurroundings(options);
  return importer.import(callContext(surroundings, surroundings.signal), source);
}
