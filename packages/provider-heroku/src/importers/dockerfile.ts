import type { Command } from "@deploy/core";

/** What a Dockerfile starts when nobody says otherwise: ENTRYPOINT and CMD of its last stage, or of `stage`. */
export function commandOfDockerfile(text: string, stage?: string): Command | undefined {
  let entrypoint: Command | undefined;
  let command: Command | undefined;
  let name: string | undefined;
  for (const { word, rest } of instructions(text)) {
    if (word === "FROM") {
      if (stage !== undefined && name === stage.toLowerCase()) break;
      name = /\sas\s+(\S+)\s*$/i.exec(rest)?.[1]?.toLowerCase();
      entrypoint = undefined;
      command = undefined;
    } else if (word === "ENTRYPOINT") {
      entrypoint = commandOf(rest);
      command = undefined;
    } else if (word === "CMD") {
      command = commandOf(rest);
    }
  }
  if (entrypoint === undefined) return command;
  // A shell-form ENTRYPOINT takes no arguments; Docker passes CMD by.
  if (typeof entrypoint === "string" || command === undefined) return entrypoint;
  return typeof command === "string"
    ? [...entrypoint, "/bin/sh", "-c", command]
    : [...entrypoint, ...command];
}

/** Instructions with their continuation lines joined, comments left out. */
function* instructions(text: string): Generator<{ readonly word: string; readonly rest: string }> {
  let pending = "";
  for (const line of text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/)) {
    if (/^\s*#/.test(line) || (pending !== "" && line.trim() === "")) continue;
    const continued = /\\\s*$/.test(line);
    pending += ` ${continued ? line.replace(/\\\s*$/, "") : line}`;
    if (continued) continue;
    const [, word, rest = ""] = /^\s*([A-Za-z]+)\s+(.*)$/s.exec(pending) ?? [];
    pending = "";
    if (word !== undefined) yield { word: word.toUpperCase(), rest: rest.trim() };
  }
}

function commandOf(rest: string): Command {
  if (!rest.startsWith("[")) return rest;
  try {
    const parts: unknown = JSON.parse(rest);
    if (Array.isArray(parts) && parts.every((part) => typeof part === "string")) return parts as string[];
  } catch {
    // Docker takes what is no JSON for a shell command, too.
  }
  return rest;
}
