/** What can be offered after Tab. */
export type Completion =
  | "environments"
  | "processes"
  | "addons"
  | "secrets"
  | "files"
  | "shells"
  | "commands";

/** A flag of a command. */
export interface FlagSpec {
  /** Long form, without the dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** `switch` takes no value, `text` takes one, `list` may be repeated; `optional` takes one behind `=`, or none. */
  readonly kind: "switch" | "text" | "list" | "optional";
  /** What the value is called in the help text. */
  readonly value?: string;
  readonly description: string;
  readonly completion?: Completion;
}

/** An argument by position. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  /** Default false. */
  readonly required?: boolean;
  /** Takes everything that is left. Default false. */
  readonly repeated?: boolean;
  readonly completion?: Completion;
}

/** One command: all that help, completion and the parser know about it. */
export interface CommandSpec {
  /** With its group: `secrets set`. */
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What the summary leaves out; lines are kept. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly flags?: readonly FlagSpec[];
  /** Everything from the first argument on belongs to another program, dashes included. */
  readonly passesThrough?: true;
  readonly examples?: readonly string[];
}
