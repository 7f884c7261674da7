import type { Scope } from "@deploy/core";
import { appPath } from "../names.js";
import type { Settings } from "../options.js";

/** A statement of a policy document. */
export interface PolicyStatement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * What the execution role needs to hand an app's secrets to its tasks: this app in this environment, and nothing else.
 *
 * The service's own key needs no right of its own; a customer's key does ("Task execution IAM role").
 */
export function secretsPolicy(settings: Settings, scope: Scope): readonly PolicyStatement[] {
  const partition = settings.region.startsWith("cn-")
    ? "aws-cn"
    : settings.region.startsWith("us-gov-")
      ? "aws-us-gov"
      : "aws";
  const account = settings.account ?? "*";
  const folders = (["secrets", "config", "addons", "pull"] as const).map((folder) => appPath(scope, folder));
  const { secretsKey: key } = settings;
  return [
    {
      Effect: "Allow",
      Action: ["ssm:GetParameters"],
      Resource: folders.map(
        (path) => `arn:${partition}:ssm:${settings.region}:${account}:parameter${path}/*`,
      ),
    },
    {
      Effect: "Allow",
      Action: ["secretsmanager:GetSecretValue"],
      Resource: folders.map(
        (path) => `arn:${partition}:secretsmanager:${settings.region}:${account}:secret:${path.slice(1)}/*`,
      ),
    },
    ...(key === undefined
      ? []
      : [
          {
            Effect: "Allow" as const,
            Action: ["kms:Decrypt"],
            Resource: [
              key.startsWith("arn:") ? key : `arn:${partition}:kms:${settings.region}:${account}:key/${key}`,
            ],
          },
        ]),
  ];
}
