import { between, docs, type Input, list, type Rule, record, repeated, text, texts, when } from "./rule.js";

const iam = (page: string): string => `https://docs.aws.amazon.com/IAM/latest/APIReference/API_${page}.html`;
const quotas = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html";
const grammar = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html";

function documentOf(source: unknown): Input | undefined {
  try {
    return record(JSON.parse(text(source)));
  } catch {
    return undefined;
  }
}

function statementProblems(document: Input, isTrust: boolean): readonly string[] {
  const statements = Array.isArray(document.Statement)
    ? list(document.Statement)
    : [record(document.Statement)];
  return [
    ...when(document.Version !== "2012-10-17", "a policy without the version 2012-10-17"),
    ...when(statements.length === 0, "a policy without a statement"),
    ...statements.flatMap((statement) => [
      ...when(statement.Effect !== "Allow" && statement.Effect !== "Deny", "a statement without an effect"),
      ...when(
        statement.Action === undefined && statement.NotAction === undefined,
        "a statement without an action",
      ),
      ...when(isTrust === (statement.Principal === undefined), isTrust ? "no Principal" : "a Principal"),
      ...when(
        isTrust === (statement.Resource !== undefined || statement.NotResource !== undefined),
        isTrust ? "a Resource" : "no Resource",
      ),
      ...[statement.Action, statement.NotAction]
        .flat()
        .filter((action) => action !== undefined && !/^(?:\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$/.test(text(action)))
        .map((action) => `${action} is no action`),
    ]),
    ...repeated(statements.map(({ Sid }) => Sid)).map((sid) => `two statements ${sid}`),
    ...statements
      .filter(({ Sid }) => Sid !== undefined && !/^[A-Za-z0-9]*$/.test(text(Sid)))
      .map(({ Sid }) => `${Sid} is no Sid`),
  ];
}

function policy(source: unknown, isTrust: boolean, largest: number): readonly string[] {
  const document = documentOf(source);
  if (document === undefined) return ["a policy that is no JSON"];
  const size = JSON.stringify(document).replace(/\s/g, "").length;
  return [
    ...statementProblems(document, isTrust),
    ...when(size > largest, `a policy of ${size} characters, more than ${largest}`),
  ];
}

/** Rules of roles, policies, registries, parameters, secrets and certificates. */
export const accessRules: readonly Rule[] = [
  {
    rule: "trust policies",
    on: ["iam:CreateRole", "iam:UpdateAssumeRolePolicy"],
    source: grammar,
    check: ({ AssumeRolePolicyDocument, PolicyDocument }) =>
      policy(AssumeRolePolicyDocument ?? PolicyDocument, true, 2048),
  },
  {
    rule: "managed policies",
    on: ["iam:CreatePolicy", "iam:CreatePolicyVersion"],
    source: quotas,
    check: ({ PolicyDocument }) => policy(PolicyDocument, false, 6144),
  },
  {
    rule: "policies of a role",
    on: ["iam:PutRolePolicy"],
    source: quotas,
    check: ({ PolicyDocument }) => policy(PolicyDocument, false, 10_240),
  },
  {
    rule: "policies by ARN",
    on: ["iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:AttachGroupPolicy"],
    source: iam("AttachRolePolicy"),
    check: ({ PolicyArn }) =>
      when(
        !/^arn:aws[a-z-]*:iam::(?:aws|\d{12}):policy\/[\w+=,.@/-]+$/.test(text(PolicyArn)),
        `${PolicyArn} is no policy`,
      ),
  },
  {
    rule: "how long a session may last",
    on: ["iam:CreateRole"],
    source: iam("CreateRole"),
    check: ({ MaxSessionDuration }) => between(MaxSessionDuration, 3600, 43200, "MaxSessionDuration"),
  },
  {
    rule: "lifecycle policy",
    on: ["ecr:PutLifecyclePolicy"],
    source: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html",
    check({ lifecyclePolicyText }) {
      const document = documentOf(lifecyclePolicyText);
      if (document === undefined) return ["a policy that is no JSON"];
      const rules = list(document.rules);
      return [
        ...when(rules.length === 0, "no rule"),
        ...repeated(rules.map(({ rulePriority }) => rulePriority)).map(
          (one) => `two rules with priority ${one}`,
        ),
        ...rules.flatMap(({ selection, action, rulePriority }) => {
          const { tagStatus, tagPrefixList, tagPatternList, countType, countNumber, countUnit } =
            record(selection);
          const named = texts(tagPrefixList).length + texts(tagPatternList).length;
          return [
            ...when(!Number.isInteger(rulePriority) || Number(rulePriority) < 1, `priority ${rulePriority}`),
            ...when(record(action).type === undefined, "a rule without an action"),
            ...when((tagStatus === "tagged") !== named > 0, "prefixes or patterns belong to tagged images"),
            ...when(!(Number(countNumber) >= 1), "a count below 1"),
            ...when(
              (countType === "imageCountMoreThan") === (countUnit !== undefined),
              "countUnit belongs to an age",
            ),
          ];
        }),
        ...when(
          rules.some(
            ({ selection, rulePriority }) =>
              record(selection).tagStatus === "any" &&
              rules.some((other) => Number(other.rulePriority) > Number(rulePriority)),
          ),
          "a rule for any image is not the last",
        ),
      ];
    },
  },
  {
    rule: "images by tag or digest",
    on: ["ecr:BatchGetImage", "ecr:BatchDeleteImage", "ecr:DescribeImages"],
    source: "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html",
    check: ({ imageIds }) => [
      ...when(
        list(imageIds).some(
          ({ imageTag, imageDigest }) => imageTag === undefined && imageDigest === undefined,
        ),
        "an image without tag and digest",
      ),
      ...list(imageIds)
        .filter(
          ({ imageDigest }) => imageDigest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(text(imageDigest)),
        )
        .map(({ imageDigest }) => `${imageDigest} is no digest`),
    ],
  },
  {
    rule: "name of a parameter",
    on: ["ssm:PutParameter"],
    source: "https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html",
    check({ Name }) {
      const name = text(Name);
      const parts = name.split("/").filter((part) => part !== "");
      return [
        ...when(!/^[A-Za-z0-9_.\-/]+$/.test(name), `${name} has other characters`),
        ...when(name.includes("/") && !name.startsWith("/"), `${name} does not begin with /`),
        ...when(parts.length > 15, `${name} has more than 15 levels`),
        ...when(/^\/?(?:aws|ssm)/i.test(name), `${name} begins with aws or ssm`),
        ...when(name.length > 1011, "a name of more than 1011 characters"),
      ];
    },
  },
  {
    rule: "value of a parameter",
    on: ["ssm:PutParameter"],
    source: "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html",
    check({ Value, Tier, Tags, Overwrite }) {
      const size = Buffer.byteLength(text(Value));
      const isLarge = Tier === "Advanced" || Tier === "Intelligent-Tiering";
      return [
        ...when(size > (isLarge ? 8192 : 4096), `a value of ${size} bytes`),
        ...when(size === 0, "an empty value"),
        ...when(/\{\{[\s\S]*\}\}/.test(text(Value)), "a value with {{}}"),
        ...when(
          Overwrite === true && list(Tags).length > 0,
          "tags are for new parameters: Overwrite refuses them",
        ),
      ];
    },
  },
  {
    rule: "parameters by path",
    on: ["ssm:GetParametersByPath"],
    source: "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html",
    check: ({ Path }) => when(!text(Path).startsWith("/"), `${Path} does not begin with /`),
  },
  {
    rule: "name of a secret",
    on: ["secretsmanager:CreateSecret"],
    source: "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    check: ({ Name, SecretString, SecretBinary }) => [
      ...when(!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(text(Name)), `${Name} is no name`),
      ...when(/-[A-Za-z0-9]{6}$/.test(text(Name)), `${Name} ends like the suffix of an ARN`),
      ...when(SecretString !== undefined && SecretBinary !== undefined, "SecretString and SecretBinary"),
    ],
  },
  {
    rule: "deletion of a secret",
    on: ["secretsmanager:DeleteSecret"],
    source: "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html",
    check: ({ RecoveryWindowInDays, ForceDeleteWithoutRecovery }) => [
      ...between(RecoveryWindowInDays, 7, 30, "RecoveryWindowInDays"),
      ...when(
        RecoveryWindowInDays !== undefined && ForceDeleteWithoutRecovery === true,
        "RecoveryWindowInDays with ForceDeleteWithoutRecovery",
      ),
    ],
  },
  {
    rule: "names in a certificate",
    on: ["acm:RequestCertificate"],
    source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html",
    check({ DomainName, SubjectAlternativeNames, ValidationMethod, CertificateAuthorityArn }) {
      const names = [text(DomainName), ...texts(SubjectAlternativeNames)];
      return [
        ...names
          .filter(
            (name) =>
              !/^(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,}$/.test(name),
          )
          .map((name) => `${name} is no domain`),
        ...when(text(DomainName).length > 64, "a DomainName of more than 64 characters"),
        ...when(
          ValidationMethod === undefined && CertificateAuthorityArn === undefined,
          "no ValidationMethod",
        ),
      ];
    },
  },
  {
    rule: "the account's own roles",
    on: ["ecs:RegisterTaskDefinition"],
    source: docs.ecsApi("RegisterTaskDefinition"),
    check: (input) =>
      ["executionRoleArn", "taskRoleArn"]
        .filter((name) => input[name] !== undefined && text(input[name]).startsWith("arn:"))
        .filter((name) => !/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(text(input[name])))
        .map((name) => `${input[name]} is no role`),
  },
];
