import type { Settings } from "../../options.js";
import { mainFile } from "./site.js";
import { type CaddyOptions, caddyImage } from "./task-definitions.js";

/** The image of Caddy: the option `proxyImage` of `instance()`, else the pinned one. */
export function caddyImageOf(settings: Settings): string {
  return (settings.capacity.kind === "instance" ? settings.capacity.proxyImage : undefined) ?? caddyImage;
}

/** What both of Caddy's task definitions share. Its own messages stay on the instance, 30 MB at most. */
export function caddyOptions(settings: Settings, family: string, tags: CaddyOptions["tags"]): CaddyOptions {
  const email = settings.capacity.kind === "instance" ? settings.capacity.certificateEmail : undefined;
  return {
    family,
    image: caddyImageOf(settings),
    mainFile: mainFile(email === undefined ? {} : { email }),
    logConfiguration: { logDriver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
    ...(tags === undefined ? {} : { tags }),
  };
}
