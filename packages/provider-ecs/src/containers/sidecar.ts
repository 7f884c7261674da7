/**
 * A container beside the app's own, in ECS's own words (`ContainerDefinition` of the ECS API reference). Spelt out here,
 * because the types of the package must not lead to those of the SDK, which is bundled.
 */
export interface Sidecar {
  name: string;
  image: string;
  /** The task ends with it. Default true, as with ECS. */
  essential?: boolean;
  command?: string[];
  entryPoint?: string[];
  environment?: { name: string; value: string }[];
  /** References only: an ARN of a parameter or of a secret. */
  secrets?: { name: string; valueFrom: string }[];
  /** MiB at most. */
  memory?: number;
  /** MiB that are kept free for it. */
  memoryReservation?: number;
  /** 1024 is a whole CPU. */
  cpu?: number;
  portMappings?: { containerPort: number; hostPort?: number; protocol?: "tcp" | "udp"; name?: string }[];
  dependsOn?: { containerName: string; condition: "COMPLETE" | "HEALTHY" | "START" | "SUCCESS" }[];
  healthCheck?: {
    command: string[];
    interval?: number;
    retries?: number;
    startPeriod?: number;
    timeout?: number;
  };
  mountPoints?: { sourceVolume: string; containerPath: string; readOnly?: boolean }[];
  dockerLabels?: Record<string, string>;
  user?: string;
  workingDirectory?: string;
  readonlyRootFilesystem?: boolean;
  stopTimeout?: number;
}
