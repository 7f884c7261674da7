import { type FailureRow, quoted, said } from "./signs.js";

/** What a task needs before its command runs: secrets, log group, role. "ResourceInitializationError". */
export const starting: readonly FailureRow[] = [
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
];
