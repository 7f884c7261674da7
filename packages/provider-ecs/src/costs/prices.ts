/**
 * List prices of US East (N. Virginia), in US dollars, as they are published on AWS's pricing pages; written down on
 * {@link pricesOf}. Other regions cost more, most of them 5 to 30 %.
 *
 * @module
 */

/** The day on which the table was last compared with published figures. */
export const pricesOf = "2026-11-22";

/** Where they are from, for a person. */
export const source =
  "AWS list prices on demand, us-east-1 (aws.amazon.com: Fargate, EC2, EBS, Elastic Load Balancing, VPC, RDS, ElastiCache pricing)";

/** Hours of a month, as AWS's own calculator counts them. */
export const hoursPerMonth = 730;

/** Fargate, an hour; Spot changes by the day and is about 70 % less. */
export const fargateHour = {
  amd64: { cpu: 0.04048, gigabyte: 0.004445 },
  arm64: { cpu: 0.03238, gigabyte: 0.00356 },
} as const;

/** The part of Fargate's price that Spot leaves, about. */
export const spotPart = 0.3;

/** An Application Load Balancer, an hour, without the capacity units that traffic costs. */
export const loadBalancerHour = 0.0225;

/** A public IPv4 address in use, an hour. */
export const addressHour = 0.005;

/** A gp3 volume, a gigabyte and month. */
export const volumeGigabyte = 0.08;

/** Instances of the burstable families, an hour: those that small apps run on. A family's sizes double in price. */
export const instanceHour: Readonly<Record<string, number>> = {
  "t3.nano": 0.0052,
  "t3.micro": 0.0104,
  "t3.small": 0.0208,
  "t3.medium": 0.0416,
  "t3.large": 0.0832,
  "t4g.nano": 0.0042,
  "t4g.micro": 0.0084,
  "t4g.small": 0.0168,
  "t4g.medium": 0.0336,
  "t4g.large": 0.0672,
};

/** RDS for PostgreSQL in one zone, an hour. */
export const databaseHour: Readonly<Record<string, number>> = {
  "db.t4g.micro": 0.016,
  "db.t4g.small": 0.032,
  "db.t4g.medium": 0.065,
};

/** RDS's gp3 storage, a gigabyte and month; RDS takes 20 at least. */
export const databaseGigabyte = 0.115;

/** ElastiCache nodes of the engine Redis OSS, an hour; Valkey costs less. */
export const cacheHour: Readonly<Record<string, number>> = {
  "cache.t4g.micro": 0.016,
  "cache.t4g.small": 0.032,
};
