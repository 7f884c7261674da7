/**
 * A service of AWS, as this package calls it; also the first part of its error codes. In a file of its own, so that the
 * types of the package do not lead to those of the SDK, which is bundled.
 */
export type ServiceName =
  | "acm"
  | "applicationAutoscaling"
  | "autoscaling"
  | "ec2"
  | "ecr"
  | "ecs"
  | "elasticache"
  | "elb"
  | "iam"
  | "logs"
  | "rds"
  | "s3"
  | "scheduler"
  | "secretsManager"
  | "serviceDiscovery"
  | "ssm"
  | "sts";
