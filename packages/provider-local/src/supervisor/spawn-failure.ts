import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { type Command, DeployError } from "@deploy/core";
import { argvOf } from "./instance.js";

/** Where and with what a program was to be started. */
export interface FailedSpawn {
  /** Whose program it is, as the beginning of the message: `web.1`. */
  readonly what: string;
  readonly command: Command;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The error for a program that could not be started.
 *
 * The system says ENOENT for a missing program, for a missing interpreter and for a missing directory alike; whoever
 * reads the message needs to know which.
 */
export function cannotStart(failed: FailedSpawn, thrown: unknown): DeployError {
  if (DeployError.is(thrown)) return thrown;
  const program = argvOf(failed.command)[0] ?? "";
  return new DeployError({
    code: "containers.cannot-start",
    message: `${failed.what} could not be started: ${reasonOf(failed, program, thrown as NodeJS.ErrnoException)}.`,
    hint: "Is its program installed on this machine, and is the command right?",
    cause: thrown,
  });
}

function reasonOf(failed: FailedSpawn, program: string, error: NodeJS.ErrnoException): string {
  if (error.code === "EACCES") return `${program} is not executable`;
  if (error.code !== "ENOENT") return error.message;
  if (!existsSync(failed.directory)) return `its directory ${failed.directory} is gone`;
  const places = program.includes("/")
    ? [resolve(failed.directory, program)]
    : (failed.environment.PATH ?? "").split(delimiter).map((place) => join(place, program));
  return places.some((place) => existsSync(place))
    ? `${program} is there, but the interpreter in its first line is not`
    : `there is no program ${program}`;
}
