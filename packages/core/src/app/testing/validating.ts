import { DeployError, type Problem } from "../../errors.js";
import { type AppSource, validateApp } from "../validate.js";

/** A process that is in order. */
export const web: { readonly command: string } = { command: "python app.py" };

/** The error with which a declaration is refused. */
export function refusal(value: unknown, source?: AppSource): DeployError {
  try {
    validateApp(value, source);
  } catch (thrown) {
    if (DeployError.is(thrown) && thrown.code === "config.invalid") return thrown;
    throw thrown;
  }
  throw new Error("expected config.invalid");
}

/** The problems of an otherwise sound app with these members, as `path | message | hint`. */
export function problemsOf(members: object): readonly string[] {
  return refusal({ name: "shop", processes: { web }, ...members }).problems.map(asLine);
}

/** The warnings about an otherwise sound app with these members, in the same form. */
export function notesOf(members: object): readonly string[] {
  return validateApp({ name: "shop", processes: { web }, ...members }).notes.map(asLine);
}

function asLine(problem: Problem): string {
  return `${problem.location?.path ?? ""} | ${problem.message} | ${problem.hint ?? ""}`;
}
