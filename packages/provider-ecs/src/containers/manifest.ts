import type {
  ImageReference,
  ReleaseOrigin,
  ResolvedJob,
  ResolvedProcess,
  SecretReference,
} from "@deploy/core";
import type { Output } from "../clients/modules.js";
import { readTags, type Tags, tagKey } from "../tags.js";
import { hashOf } from "./families.js";

/** Everything a release consists of: what its task definitions are rendered from, and what a rollback needs. */
export interface Manifest {
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly image: ImageReference;
  /** Plain config of the app; that of single processes is theirs. */
  readonly config: Readonly<Record<string, string>>;
  /** Config that came as `Redacted`: where its values are kept. */
  readonly sensitive: readonly SecretReference[];
  readonly secrets: readonly SecretReference[];
  readonly processes: readonly ResolvedProcess[];
  readonly jobs: readonly ResolvedJob[];
  readonly origin: ReleaseOrigin;
  /** Where and how it runs: a change of the provider's options is another release. */
  readonly platform: Readonly<Record<string, string>>;
}

/** A release as it was found: its manifest, and what was noted about it since. */
export interface StoredManifest extends Manifest {
  /** Of the task definition that holds it. */
  readonly arn: string;
  readonly hash: string;
  /** When it first served, ISO 8601; absent: it never has. */
  readonly servedAt?: string;
  /** Why it never will. */
  readonly failure?: string;
  /** The release command that has succeeded for it: see `commandKey`. */
  readonly commandDone?: string;
}

/** Tags by which the state of a release is noted on its task definition; the definition itself never changes. */
export const stateTag = {
  served: "deploy:served",
  failed: "deploy:failed",
  command: "deploy:command-done",
} as const;

/** The label that holds the manifest. */
export const manifestLabel = "deploy.manifest";

/** The manifest as a label; plain config and secrets are in the definition already, where ECS keeps them. */
export function encodeManifest(manifest: Manifest): string {
  const { number: _number, config: _config, ...rest } = manifest;
  return JSON.stringify({ v: 1, ...rest });
}

/** A digest of everything that makes one release another one than the last. */
export function manifestHash(manifest: Omit<Manifest, "number" | "createdAt" | "origin">): string {
  const { image, config, sensitive, secrets, processes, jobs, platform } = manifest;
  const versions = (list: readonly SecretReference[]): unknown =>
    list.map(({ name, version }) => [name, version]);
  return hashOf([image.digest, config, versions(sensitive), versions(secrets), processes, jobs, platform]);
}

/** The release in an answer of DescribeTaskDefinition; undefined when there is none of ours in it. */
export function decodeManifest(answer: Output<"ecs", "DescribeTaskDefinition">): StoredManifest | undefined {
  const definition = answer.taskDefinition;
  const container = definition?.containerDefinitions?.[0];
  const text = container?.dockerLabels?.[manifestLabel];
  const tags = readTags(answer.tags);
  const number = Number(tags[tagKey.release]);
  if (text === undefined || definition?.taskDefinitionArn === undefined || !Number.isInteger(number))
    return undefined;
  const stored = parse(text);
  if (stored === undefined) return undefined;
  const config = Object.fromEntries(
    (container?.environment ?? []).map(({ name, value }) => [name ?? "", value ?? ""]),
  );
  const manifest: Manifest = { ...stored, number, config };
  return { ...manifest, arn: definition.taskDefinitionArn, hash: manifestHash(manifest), ...notes(tags) };
}

function notes(tags: Tags): Pick<StoredManifest, "servedAt" | "failure" | "commandDone"> {
  const servedAt = tags[stateTag.served];
  const failure = tags[stateTag.failed];
  const commandDone = tags[stateTag.command];
  return {
    ...(servedAt === undefined ? {} : { servedAt }),
    ...(failure === undefined ? {} : { failure }),
    ...(commandDone === undefined ? {} : { commandDone }),
  };
}

function parse(text: string): Omit<Manifest, "number" | "config"> | undefined {
  try {
    const value = JSON.parse(text) as Omit<Manifest, "number" | "config"> & { readonly v?: unknown };
    return value.v === 1 && Array.isArray(value.processes) && typeof value.image?.digest === "string"
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Text as the value of a tag: letters, digits, spaces and `_.:/=+-@`, 256 characters at most.
 *
 * Source: "Tagging your Amazon ECS resources", tag restrictions.
 */
export function tagText(text: string): string {
  return text
    .replaceAll(/[^\p{L}\p{Nd} _.:/=+@-]+/gu, " ")
    .replaceAll(/ {2,}/g, " ")
    .trim()
    .slice(0, 256);
}
