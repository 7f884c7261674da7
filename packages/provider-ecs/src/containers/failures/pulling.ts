import { type FailureRow, quoted, said } from "./signs.js";

/** The image: missing, forbidden, out of reach, for another processor. "CannotPullContainer task errors". */
export const pulling: readonly FailureRow[] = [
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
];
