/** What a stopped task, an event or a target said: everything that a row of the table may look at. */
export interface FailureSigns {
  /** ECS's stopCode of the task. */
  readonly stopCode?: string;
  /** Why the task stopped, as ECS says. */
  readonly stoppedReason?: string;
  /** Why the container stopped, as ECS says. */
  readonly reason?: string;
  readonly exitCode?: number;
  /** The task was told to stop: a newer deployment, a scaling, a user. */
  readonly wasStopped?: boolean;
  /** The last lines of its output. */
  readonly lines?: readonly string[];
  /** Texts of the service's newest events, and why a deployment failed. */
  readonly events?: readonly string[];
  /** Why a target of the load balancer is unhealthy: its code, and what AWS says about it. */
  readonly target?: { readonly reason: string; readonly description?: string };
  /** Milliseconds that the task ran. */
  readonly ranMs?: number;
  readonly process?: string;
  /** MiB that the task has. */
  readonly memory?: number;
  readonly port?: number;
  readonly healthPath?: string;
  readonly architecture?: string;
  /** Milliseconds until it has to be healthy. */
  readonly startWithinMs?: number;
  readonly stopWithinMs?: number;
}

/** What is said about a failure. */
export interface Diagnosis {
  /** Of the row: stable, for machines. */
  readonly name: string;
  /** What happened, one sentence without its full stop. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /**
   * `ours`: the app or its declaration is at fault, trying again cannot help. `maybe`: it may pass.
   * `none`: nothing is wrong, go on waiting.
   */
  readonly fault: "ours" | "maybe" | "none";
}

/** One kind of failure: how it shows, and what is said about it. */
export interface FailureRow {
  readonly name: string;
  readonly fault: Diagnosis["fault"];
  /** Whether these signs are of this kind. */
  readonly matches: (signs: FailureSigns) => boolean;
  readonly message: (signs: FailureSigns) => string;
  readonly hint: (signs: FailureSigns) => string;
}

/** Everything that ECS itself says, in one text. */
function said(signs: FailureSigns): string {
  return [signs.stoppedReason, signs.reason, ...(signs.events ?? [])].filter(Boolean).join("\n");
}

function quoted(signs: FailureSigns, pattern: RegExp): string {
  return pattern.exec(said(signs))?.[0]?.trim() ?? "";
}

function subject(signs: FailureSigns): string {
  return signs.process ?? "the task";
}

/**
 * How a task can fail, the surest sign first: the first row that matches is what is said.
 *
 * Sources: "Amazon ECS stopped tasks error messages", "CannotPullContainer task errors", "ResourceInitializationError",
 * "Service event messages", "Health check reason codes" of Elastic Load Balancing; exit codes are 128 + the signal's
 * number.
 */
export const failureTable: readonly FailureRow[] = [
  {
    name: "taken-back",
    fault: "none",
    matches: ({ stopCode, stoppedReason }) =>
      stopCode === "SpotInterruption" ||
      stopCode === "TerminationNotice" ||
      /spot interruption|scheduled for retirement/i.test(stoppedReason ?? ""),
    message: (signs) => `AWS took back the machine under ${subject(signs)}: no fault of the release`,
    hint: () => "Nothing to do: ECS starts another one.",
  },
  {
    name: "scaled",
    fault: "none",
    matches: ({ stoppedReason }) => /^Scaling activity initiated by/i.test(stoppedReason ?? ""),
    message: (signs) => `${subject(signs)} was stopped by a newer deployment or by scaling`,
    hint: () => "Nothing to do.",
  },
  {
    name: "wrong-architecture",
    fault: "ours",
    matches: (signs) =>
      (signs.lines ?? []).some((line) => /exec format error/i.test(line)) ||
      /exec format error|image manifest does not contain descriptor matching platform|does not match the specified platform/i.test(
        said(signs),
      ),
    message: (signs) =>
      `The image is built for another processor than ${signs.architecture ?? "the one it runs on"}`,
    hint: (signs) =>
      `Build it for linux/${signs.architecture ?? "amd64"}, or choose the other: fargate({ cpuArchitecture: "${signs.architecture === "arm64" ? "amd64" : "arm64"}" }).`,
  },
  {
    name: "image-missing",
    fault: "ours",
    matches: (signs) =>
      /CannotPullContainerError|CannotPullImageManifestError|CannotPullECRContainerError/.test(said(signs)) &&
      /manifest unknown|not found|manifest for .* not found|does not exist/i.test(said(signs)),
    message: () => "The image is not in its registry (any more)",
    hint: () =>
      "Deploy again: it is built and pushed anew. A lifecycle policy of somebody else may have removed it.",
  },
  {
    name: "image-forbidden",
    fault: "ours",
    matches: (signs) =>
      /CannotPull\w*Error/.test(said(signs)) &&
      /access denied|AccessDenied|not authorized|unauthorized|forbidden|\b403\b|no basic auth credentials|denied:/i.test(
        said(signs),
      ),
    message: (signs) => `The image may not be pulled: ${quoted(signs, /CannotPull[^\n]*/)}`,
    hint: () =>
      "Look at the rights of the execution role on the repository; for another registry than ECR at the credentials of `registry()`.",
  },
  {
    name: "image-rate-limited",
    fault: "maybe",
    matches: (signs) =>
      /CannotPull\w*Error/.test(said(signs)) && /toomanyrequests|rate limit/i.test(said(signs)),
    message: () => "The registry refuses more pulls for now",
    hint: () => "Give `registry()` credentials, or push the image to ECR (the default).",
  },
  {
    name: "image-unreachable",
    fault: "ours",
    matches: (signs) =>
      /CannotPull\w*Error/.test(said(signs)) &&
      /timeout|timed out|i\/o|dial tcp|no route|connection refused|request canceled|network is unreachable|context deadline/i.test(
        said(signs),
      ),
    message: () => "The registry cannot be reached from the task's network",
    hint: () =>
      "The subnets need a way out: public addresses (the default), a NAT gateway, or VPC endpoints for ecr.api, ecr.dkr and s3.",
  },
  {
    name: "image-too-large",
    fault: "ours",
    matches: (signs) => /no space left on device/i.test(said(signs)),
    message: () => "The image does not fit on the task's disk",
    hint: () => "Make the image smaller, or the instance's disk larger: instance({ disk }).",
  },
  {
    name: "image-failed",
    fault: "maybe",
    matches: (signs) => /CannotPull\w*Error/.test(said(signs)),
    message: (signs) => `The image cannot be pulled: ${quoted(signs, /CannotPull[^\n]*/)}`,
    hint: () => "Look at what the registry says.",
  },
  {
    name: "secret-unreadable",
    fault: "ours",
    matches: (signs) =>
      /ResourceInitializationError|unable to (?:pull|retrieve|fetch) secret|AsmResource|SsmResource|invalid ssm parameters/i.test(
        said(signs),
      ) && /secret|ssm|parameter|asm/i.test(said(signs)),
    message: (signs) => {
      const which = /arn:aws[\w-]*:(?:ssm|secretsmanager):[^\s,"']+|(?:invalid ssm parameters: )\S+/i.exec(
        said(signs),
      )?.[0];
      return `A secret cannot be read${which === undefined ? "" : `: ${which.replace(/[.:;]+$/, "")}`}`;
    },
    hint: (signs) =>
      /timeout|timed out|context deadline|dial tcp|connection issue|unreachable/i.test(said(signs))
        ? "SSM or Secrets Manager cannot be reached: the subnets need public addresses, a NAT gateway or VPC endpoints."
        : "Set it again with `deploy secrets set`, and look at the rights of the execution role.",
  },
  {
    name: "log-group-missing",
    fault: "ours",
    matches: (signs) =>
      /ResourceInitializationError|CannotStartContainerError|log driver/i.test(said(signs)) &&
      /log group|awslogs|log driver|CreateLogStream/i.test(said(signs)),
    message: () => "The log group is not there, or may not be written to",
    hint: () => "Deploy again: it is made anew. If it is there, look at the rights of the execution role.",
  },
  {
    name: "role-not-assumable",
    fault: "maybe",
    matches: (signs) =>
      /unable to assume (?:the )?(?:service linked )?role|ECS was unable to assume/i.test(said(signs)),
    message: () => "ECS may not take on the role of the task yet",
    hint: () =>
      "A new role takes seconds to be known everywhere; if it stays so, look at whom it trusts: ecs-tasks.amazonaws.com.",
  },
  {
    name: "start-refused",
    fault: "ours",
    matches: (signs) =>
      /CannotStartContainerError|CannotCreateContainerError|RuntimeError|OCI runtime/i.test(said(signs)),
    message: (signs) =>
      `The container cannot be started: ${quoted(signs, /(?:CannotStartContainerError|CannotCreateContainerError|OCI runtime)[^\n]*/) || (signs.reason ?? "")}`,
    hint: () =>
      "Look whether the command's program is in the image: a command given as a string needs `sh` in it.",
  },
  {
    name: "no-port",
    fault: "ours",
    matches: (signs) =>
      /RESOURCE:PORTS|already using a port required|ports? (?:is|are) already (?:in use|allocated)/i.test(
        said(signs),
      ),
    message: () => "No instance has the fixed port free that the task asks for",
    hint: () =>
      "Another task holds it, perhaps the one to be replaced: no fixed port, or stop the old one first (0/100 percent).",
  },
  {
    name: "no-network-interface",
    fault: "maybe",
    matches: (signs) =>
      /RESOURCE:ENI|Timeout waiting for network interface|insufficient (?:free )?(?:ip|address)/i.test(
        said(signs),
      ),
    message: () => "No instance (or subnet) has a network interface left",
    hint: () => "Use a larger instance type, more instances, or subnets with free addresses.",
  },
  {
    name: "no-room",
    fault: "ours",
    matches: (signs) =>
      /RESOURCE:(?:MEMORY|CPU)|insufficient (?:memory|cpu)|has insufficient (?:memory|CPU) units available/i.test(
        said(signs),
      ),
    message: (signs) =>
      `No instance has room for another ${subject(signs)}${signs.memory === undefined ? "" : ` (${signs.memory} MiB)`}`,
    hint: () =>
      "Two releases run side by side for a while: declare less memory, or take a larger instance type or more instances.",
  },
  {
    name: "no-instance",
    fault: "maybe",
    matches: (signs) =>
      /No Container Instances were found|no container instance met all of its requirements|ATTRIBUTE|\bAGENT\b/i.test(
        said(signs),
      ),
    message: () => "No instance of the cluster can take the task",
    hint: () =>
      "`deploy servers` shows the instances: look whether they have registered and are of the right processor architecture.",
  },
  {
    name: "no-capacity",
    fault: "maybe",
    matches: (signs) => /Capacity is unavailable|no capacity|insufficient capacity/i.test(said(signs)),
    message: () => "AWS has no machine free for the task at this time",
    hint: () => "Wait, or take less spare capacity: fargate({ spot: 0 }).",
  },
  {
    name: "quota",
    fault: "ours",
    matches: (signs) => /limit on the number of (?:tasks|vCPUs)|You've reached the limit/i.test(said(signs)),
    message: () => "A quota of the account is reached",
    hint: () => "Ask for more at https://console.aws.amazon.com/servicequotas, or run fewer tasks.",
  },
  {
    name: "deadlock",
    fault: "ours",
    matches: (signs) => /unable to stop or start tasks.*deployment configuration/i.test(said(signs)),
    message: () => "ECS may neither stop an old task nor start a new one",
    hint: () =>
      "The least and the most healthy percent leave no room: with one instance and a fixed port it has to be 0 and 100.",
  },
  {
    name: "out-of-memory",
    fault: "ours",
    matches: (signs) => /OutOfMemory/i.test(said(signs)),
    message: (signs) =>
      `${subject(signs)} needed more memory than it has${signs.memory === undefined ? "" : ` (${signs.memory} MiB)`}`,
    hint: () => "Give it more: `memory` of the process.",
  },
  {
    name: "not-listening",
    fault: "ours",
    matches: ({ target }) => target?.reason === "Target.Timeout",
    message: (signs) => `${subject(signs)} does not answer the load balancer in time`,
    hint: (signs) =>
      `It has to listen on 0.0.0.0 (not on 127.0.0.1) and on the port that PORT says${signs.port === undefined ? "" : ` (${signs.port})`}; a security group of yours must let the load balancer in.`,
  },
  {
    name: "wrong-answer",
    fault: "ours",
    matches: (signs) =>
      signs.target?.reason === "Target.ResponseCodeMismatch" ||
      /failed with these codes: \[\d+/i.test(said(signs)),
    message: (signs) => {
      const got = /codes?:? ?\[?(\d{3})/i.exec(`${signs.target?.description ?? ""}\n${said(signs)}`)?.[1];
      return `${subject(signs)} answers ${signs.healthPath ?? "the health check"} with ${got ?? "a wrong status"}, and 200 to 399 is expected`;
    },
    hint: () =>
      "Let the path answer without a login and for every host name, or name another path in `health`.",
  },
  {
    name: "slow-start",
    fault: "ours",
    matches: (signs) =>
      (signs.target?.reason === "Target.FailedHealthChecks" || isUnhealthy(signs)) &&
      signs.ranMs !== undefined &&
      signs.startWithinMs !== undefined &&
      signs.ranMs <= signs.startWithinMs * 1.5,
    message: (signs) =>
      `${subject(signs)} was not healthy within ${Math.round((signs.startWithinMs ?? 0) / 1000)} s of its start`,
    hint: () =>
      "Give it longer: `health: { path, startWithin }`; or find out what it does before it listens.",
  },
  {
    name: "unhealthy",
    fault: "ours",
    matches: (signs) => signs.target?.reason === "Target.FailedHealthChecks" || isUnhealthy(signs),
    message: (signs) =>
      `${subject(signs)} fails its health check${signs.healthPath === undefined ? "" : ` (${signs.healthPath})`}`,
    hint: (signs) =>
      `Does it listen on 0.0.0.0 and on PORT${signs.port === undefined ? "" : ` (${signs.port})`}? Its last lines of output may say more.`,
  },
  {
    name: "killed-while-stopping",
    fault: "ours",
    matches: (signs) => signs.exitCode === 137 && signs.wasStopped === true,
    message: (signs) =>
      `${subject(signs)} did not end by itself${signs.stopWithinMs === undefined ? "" : ` within ${Math.round(signs.stopWithinMs / 1000)} s`} of SIGTERM and was killed`,
    hint: () => "Let it end on SIGTERM, or give it longer: `stopWithin`.",
  },
  {
    name: "killed",
    fault: "ours",
    matches: ({ exitCode }) => exitCode === 137,
    message: (signs) => `${subject(signs)} was killed (exit code 137)`,
    hint: (signs) =>
      `Most often it needed more memory than it has${signs.memory === undefined ? "" : ` (${signs.memory} MiB)`}: give it more, \`memory\` of the process.`,
  },
  {
    name: "native-crash",
    fault: "ours",
    matches: ({ exitCode }) => exitCode === 139 || exitCode === 134 || exitCode === 132 || exitCode === 136,
    message: (signs) =>
      `${subject(signs)} ${signs.exitCode === 134 ? "aborted itself" : "crashed in native code"} (exit code ${signs.exitCode})`,
    hint: () => "Look at its native libraries: are they built for this system and processor?",
  },
  {
    name: "terminated",
    fault: "none",
    matches: ({ exitCode }) => exitCode === 143,
    message: (signs) => `${subject(signs)} ended on SIGTERM, as it should`,
    hint: () => "Nothing to do.",
  },
  {
    name: "command-missing",
    fault: "ours",
    matches: ({ exitCode }) => exitCode === 126 || exitCode === 127,
    message: (signs) =>
      `The command of ${subject(signs)} ${signs.exitCode === 127 ? "is not in the image" : "cannot be executed"} (exit code ${signs.exitCode})`,
    hint: () => "Look at `command`, and at what the Dockerfile puts on the PATH.",
  },
  {
    name: "ended",
    fault: "ours",
    matches: ({ exitCode, stopCode }) => exitCode === 0 && stopCode === "EssentialContainerExited",
    message: (signs) => `${subject(signs)} ended by itself (exit code 0), and a process has to stay up`,
    hint: () => "Keep it in the foreground; what should run once belongs in `release` or in a job.",
  },
  {
    name: "crashed",
    fault: "ours",
    matches: ({ exitCode }) => exitCode !== undefined && exitCode !== 0,
    message: (signs) => `${subject(signs)} ended with exit code ${signs.exitCode}`,
    hint: () => "Its last lines of output say why.",
  },
  {
    name: "backing-off",
    fault: "maybe",
    matches: (signs) => /unable to consistently start tasks/i.test(said(signs)),
    message: () => "ECS cannot keep its tasks up and tries less and less often",
    hint: () => "Mend what makes them fail and deploy again.",
  },
  {
    name: "failed-to-start",
    fault: "maybe",
    matches: ({ stopCode }) => stopCode === "TaskFailedToStart",
    message: (signs) =>
      `${subject(signs)} could not be started${signs.stoppedReason === undefined ? "" : `: ${signs.stoppedReason}`}`,
    hint: () => "Look at what AWS says.",
  },
];

function isUnhealthy(signs: FailureSigns): boolean {
  return /failed (?:container|ELB) health checks|failed ELB health checks|is unhealthy in|\(port \d+\) is unhealthy/i.test(
    said(signs),
  );
}

/** What is said about these signs; something is always said. */
export function diagnose(signs: FailureSigns): Diagnosis {
  const row = failureTable.find((one) => one.matches(signs));
  if (row !== undefined) {
    return { name: row.name, fault: row.fault, message: row.message(signs), hint: row.hint(signs) };
  }
  const why = signs.stoppedReason ?? signs.reason ?? signs.events?.[0];
  return {
    name: "unknown",
    fault: "maybe",
    message: `${subject(signs)} stopped${why === undefined ? "" : `: ${why}`}`,
    hint: "Look at its output: `deploy logs`.",
  };
}
