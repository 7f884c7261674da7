import { type FailureRow, type FailureSigns, said, subject } from "./signs.js";

/** Whether it answers, inside and from the load balancer. "Health check reason codes" of Elastic Load Balancing. */
export const answering: readonly FailureRow[] = [
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
      const got = statusIn(signs);
      const asked = `${subject(signs)} answers ${signs.healthPath ?? "the health check"} with`;
      if (got?.startsWith("3") === true)
        return `${asked} a redirect (${got}), which is not taken for healthy`;
      return `${asked} ${got ?? "a wrong status"}, and 200 to ${signs.healthPath === undefined ? 499 : 399} is expected`;
    },
    hint: (signs) =>
      statusIn(signs)?.startsWith("3") === true
        ? "Let the path answer by itself: without a login, without HTTPS, for every host name. Deploy's own target groups take redirects: `deploy plan` shows whether this one was changed."
        : "Let the path answer without a login and for every host name, or name another path in `health`.",
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
];

/** The status that the load balancer got. */
function statusIn(signs: FailureSigns): string | undefined {
  return /codes?:? ?\[?(\d{3})/i.exec(`${signs.target?.description ?? ""}\n${said(signs)}`)?.[1];
}

function isUnhealthy(signs: FailureSigns): boolean {
  return /failed (?:container|ELB) health checks|failed ELB health checks|is unhealthy in|\(port \d+\) is unhealthy/i.test(
    said(signs),
  );
}
