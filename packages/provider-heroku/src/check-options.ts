import { DeployError, type Problem } from "@deploy/core";
import type { HerokuOptions } from "./options.js";

/**
 * Refuses options that contradict each other, all of it at once.
 *
 * @throws `servers.bad-options`
 */
export function checkOptions(options: HerokuOptions): void {
  const { team, space, locked, internalRouting, autoscaling = {}, transport, build } = options;
  const problems: Problem[] = [];
  const refuse = (message: string, hint: string): void => {
    problems.push({ message, hint });
  };
  if (space !== undefined && team === undefined) {
    refuse('"space" needs "team": a Private Space belongs to one.', 'Set "team" of heroku() as well.');
  }
  if (locked !== undefined && team === undefined) {
    refuse(
      '"locked" needs "team": only the apps of a team can be locked.',
      'Set "team", or leave "locked" out.',
    );
  }
  if (internalRouting === true && space === undefined) {
    refuse('"internalRouting" needs "space".', 'Set "space", or leave "internalRouting" out.');
  }
  for (const [process, { min, max, p95Ms }] of Object.entries(autoscaling)) {
    if (process !== "web") {
      refuse(`Heroku scales only "web" by itself, not ${process}.`, `Leave autoscaling of ${process} out.`);
    }
    if (!(Number.isInteger(min) && Number.isInteger(max) && min >= 1 && min <= max && p95Ms > 0)) {
      refuse(
        `Autoscaling of ${process} needs whole numbers 1 ≤ min ≤ max, and p95Ms above 0.`,
        "For example { min: 1, max: 4, p95Ms: 500 }.",
      );
    }
  }
  if (transport !== undefined && !["heroku-client", "fetch"].includes(transport)) {
    refuse(`There is no transport "${transport}".`, 'Use "heroku-client" or "fetch".');
  }
  if (build !== undefined && !["here", "there"].includes(build)) {
    refuse(`An image is built "here" or "there", not "${build}".`, 'Set "build" of heroku() to one of them.');
  }
  const [first] = problems;
  if (first === undefined) return;
  throw new DeployError({
    code: "servers.bad-options",
    message: `heroku() cannot be used so: ${problems.map(({ message }) => message).join(" ")}`,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    problems,
  });
}
