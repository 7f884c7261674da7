/** What has been made so far, as far as later requests refer to it. */
export interface Memory {
  /** The newest task definition of each family, as it was registered. */
  readonly taskDefinitions: Map<string, Input>;
  /** Target groups by name. */
  readonly targetGroups: Map<string, Input>;
}

/** The input of an operation. It has been judged by its model already, so that types may be relied on. */
export type Input = Readonly<Record<string, unknown>>;

/** Something that AWS's documentation says about an input as a whole. */
export interface Rule {
  /** A name to look for. */
  readonly rule: string;
  /** Operations, such as `ecs:CreateService`. */
  readonly on: readonly string[];
  /** The page that says so. */
  readonly source: string;
  /** What is wrong; empty when nothing is. */
  readonly check: (input: Input, memory: Memory) => readonly string[];
}

/** The structures of a list, or none. */
export function list(value: unknown): readonly Input[] {
  return Array.isArray(value)
    ? value.filter((one): one is Input => typeof one === "object" && one !== null)
    : [];
}

/** The texts of a list, or none. */
export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

/** A structure, or an empty one. */
export function record(value: unknown): Input {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Input) : {};
}

/** A text, or the empty one. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** One line when a condition holds. */
export function when(condition: boolean, problem: string): readonly string[] {
  return condition ? [problem] : [];
}

/** A line for a number that is given and out of its range. */
export function between(value: unknown, from: number, to: number, name: string): readonly string[] {
  return when(
    typeof value === "number" && (value < from || value > to),
    `${name} is ${value}, not ${from} to ${to}`,
  );
}

/** A line for a list with more than `limit` entries. */
export function atMost(value: unknown, limit: number, name: string): readonly string[] {
  return when(Array.isArray(value) && value.length > limit, `more than ${limit} ${name}`);
}

/** Two entries of a list that must differ and do not. */
export function repeated(values: readonly unknown[]): readonly unknown[] {
  return values.filter((value, index) => value !== undefined && values.indexOf(value) !== index);
}

/** Pages of AWS's documentation. */
export const docs = {
  ecsApi: (page: string): string =>
    `https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_${page}.html`,
  ecsGuide: (page: string): string =>
    `https://docs.aws.amazon.com/AmazonECS/latest/developerguide/${page}.html`,
  elbApi: (page: string): string =>
    `https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_${page}.html`,
  albGuide: (page: string): string =>
    `https://docs.aws.amazon.com/elasticloadbalancing/latest/application/${page}.html`,
  ec2Api: (page: string): string => `https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_${page}.html`,
} as const;
