import type { ServiceName } from "./service-name.js";

/** One module per vendor service, each a chunk of its own in the build: what nobody calls is never loaded. */
export interface Modules extends Record<ServiceName, object> {
  readonly acm: typeof import("./acm.js");
  readonly applicationAutoscaling: typeof import("./application-autoscaling.js");
  readonly autoscaling: typeof import("./autoscaling.js");
  readonly ec2: typeof import("./ec2.js");
  readonly ecr: typeof import("./ecr.js");
  readonly ecs: typeof import("./ecs.js");
  readonly elasticache: typeof import("./elasticache.js");
  readonly elb: typeof import("./elb.js");
  readonly iam: typeof import("./iam.js");
  readonly logs: typeof import("./logs.js");
  readonly rds: typeof import("./rds.js");
  readonly s3: typeof import("./s3.js");
  readonly scheduler: typeof import("./scheduler.js");
  readonly secretsManager: typeof import("./secrets-manager.js");
  readonly serviceDiscovery: typeof import("./service-discovery.js");
  readonly ssm: typeof import("./ssm.js");
  readonly sts: typeof import("./sts.js");
}

export type { ServiceName } from "./service-name.js";

/** The actions of a service whose command its module exports, such as `DescribeClusters`. */
export type Action<S extends ServiceName> = {
  [Key in keyof Modules[S]]: Key extends `${infer Name}Command` ? Name : never;
}[keyof Modules[S]];

type CommandClass<S extends ServiceName, A extends Action<S>> = `${A}Command` extends keyof Modules[S]
  ? Modules[S][`${A}Command`]
  : never;

type Made<C> = C extends new (...args: never) => infer Instance ? Instance : never;

/** What an action is given. */
export type Input<S extends ServiceName, A extends Action<S>> =
  Made<CommandClass<S, A>> extends { readonly input: infer I } ? I : never;

/** What an action answers. */
export type Output<S extends ServiceName, A extends Action<S>> =
  Made<CommandClass<S, A>> extends {
    resolveMiddleware(...args: never): (...args: never) => Promise<{ output: infer O }>;
  }
    ? O
    : never;

/** Loads a service's module. */
export const loadModule: { readonly [S in ServiceName]: () => Promise<Modules[S]> } = {
  acm: () => import("./acm.js"),
  applicationAutoscaling: () => import("./application-autoscaling.js"),
  autoscaling: () => import("./autoscaling.js"),
  ec2: () => import("./ec2.js"),
  ecr: () => import("./ecr.js"),
  ecs: () => import("./ecs.js"),
  elasticache: () => import("./elasticache.js"),
  elb: () => import("./elb.js"),
  iam: () => import("./iam.js"),
  logs: () => import("./logs.js"),
  rds: () => import("./rds.js"),
  s3: () => import("./s3.js"),
  scheduler: () => import("./scheduler.js"),
  secretsManager: () => import("./secrets-manager.js"),
  serviceDiscovery: () => import("./service-discovery.js"),
  ssm: () => import("./ssm.js"),
  sts: () => import("./sts.js"),
};

/** The name of a service as the SDK's own variable spells it: `AWS_ENDPOINT_URL_<name>`. */
export const endpointVariable: Readonly<Record<ServiceName, string>> = {
  acm: "ACM",
  applicationAutoscaling: "APPLICATION_AUTO_SCALING",
  autoscaling: "AUTO_SCALING",
  ec2: "EC2",
  ecr: "ECR",
  ecs: "ECS",
  elasticache: "ELASTICACHE",
  elb: "ELASTIC_LOAD_BALANCING_V2",
  iam: "IAM",
  logs: "CLOUDWATCH_LOGS",
  rds: "RDS",
  s3: "S3",
  scheduler: "SCHEDULER",
  secretsManager: "SECRETS_MANAGER",
  serviceDiscovery: "SERVICEDISCOVERY",
  ssm: "SSM",
  sts: "STS",
};
