import { type FailureRow, said, subject } from "./signs.js";

/** Where a task may go: ports, interfaces, room, quotas. "Service event messages". */
export const placing: readonly FailureRow[] = [
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
];
