import { isAbsolute } from "node:path";
import type { Importer } from "@deploy/core";
import type { Surroundings } from "../surroundings.js";

/**
 * Reads `heroku.yml`, `Procfile` and `app.json` of a directory, or a running app by its name, into a configuration.
 *
 * Nothing is written, here or at Heroku, and no value of a config var leaves Heroku.
 */
export function createImporters(surroundings: Surroundings): readonly Importer[] {
  return [
    {
      name: "heroku",
      files: ["heroku.yml", "app.json", "Procfile"],
      import: async (context, source) => {
        // Loaded where it is used: it brings a YAML parser along.
        if (isAbsolute(source)) return (await import("./files.js")).importFiles(source);
        return (await import("./running-app.js")).importRunningApp(context, surroundings, source);
      },
    },
  ];
}
