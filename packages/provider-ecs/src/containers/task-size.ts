import { DeployError } from "@deploy/core";

/** What a task is given: CPU units (1,024 are one CPU) and mebibytes. */
export interface TaskSize {
  readonly cpu: number;
  readonly memory: number;
}

/** Sizes which ECS offers: CPU units, least and most MiB, and the step between two. */
interface FargateRow {
  readonly cpu: number;
  readonly memory: readonly number[];
}

const steps = (from: number, to: number, step: number): readonly number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);

/**
 * The pairs of CPU and memory that Fargate takes; anything else is refused by RegisterTaskDefinition.
 *
 * Source: "Amazon ECS task definition parameters for Fargate", section task size.
 */
export const fargateSizes: readonly FargateRow[] = [
  { cpu: 256, memory: [512, 1024, 2048] },
  { cpu: 512, memory: steps(1024, 4096, 1024) },
  { cpu: 1024, memory: steps(2048, 8192, 1024) },
  { cpu: 2048, memory: steps(4096, 16_384, 1024) },
  { cpu: 4096, memory: steps(8192, 30_720, 1024) },
  { cpu: 8192, memory: steps(16_384, 61_440, 4096) },
  { cpu: 16_384, memory: steps(32_768, 122_880, 8192) },
];

/** MiB that a container without a declared memory is placed by on instances; it may use more while there is more. */
export const defaultReservation = 128;

/** Bytes as whole mebibytes, rounded up: `"512 MB"` is 489. */
export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1_048_576);
}

/** A share of a CPU as CPU units, rounded up: 0.25 is 256. */
export function cpuUnits(share: number): number {
  return Math.ceil(share * 1024);
}

/**
 * The smallest size of Fargate that holds what is asked for; both figures are rounded up, never down.
 *
 * Nothing asked for is a quarter of a CPU and 512 MiB, the smallest there is.
 *
 * @throws `containers.too-large` above 16 CPUs or 120 GiB.
 */
export function fargateSize(wanted: { readonly memory?: number; readonly cpu?: number }): TaskSize {
  const cpu = cpuUnits(wanted.cpu ?? 0);
  const memory = mebibytes(wanted.memory ?? 0);
  for (const row of fargateSizes) {
    if (row.cpu < cpu) continue;
    const fits = row.memory.find((size) => size >= memory);
    if (fits !== undefined) return { cpu: row.cpu, memory: fits };
  }
  const largest = fargateSizes.at(-1)!;
  throw new DeployError({
    code: "containers.too-large",
    message: `Fargate has no task with ${cpu} CPU units and ${memory} MiB.`,
    hint: `The largest has ${largest.cpu} units (16 CPUs) and ${largest.memory.at(-1)} MiB. Ask for less, or use ec2({ instanceType }).`,
  });
}
