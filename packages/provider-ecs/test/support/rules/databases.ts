import { between, type Rule, text, texts, when } from "./rule.js";

const rds = (page: string): string =>
  `https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_${page}.html`;
const cache = (page: string): string =>
  `https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_${page}.html`;

const identifier = /^[A-Za-z](?!.*--)[A-Za-z0-9-]{0,62}(?<!-)$/;

/** Rules of databases, caches and buckets. */
export const databaseRules: readonly Rule[] = [
  {
    rule: "name of a database instance",
    on: ["rds:CreateDBInstance", "rds:DeleteDBInstance"],
    source: rds("CreateDBInstance"),
    check: ({ DBInstanceIdentifier }) =>
      when(!identifier.test(text(DBInstanceIdentifier)), `${DBInstanceIdentifier} is no name`),
  },
  {
    rule: "master user",
    on: ["rds:CreateDBInstance"],
    source: rds("CreateDBInstance"),
    check({ MasterUsername, MasterUserPassword, ManageMasterUserPassword, DBName, Engine }) {
      const password = text(MasterUserPassword);
      return [
        ...when(!/^[A-Za-z]\w{0,15}$/.test(text(MasterUsername)), `${MasterUsername} is no user`),
        ...when(
          ManageMasterUserPassword === true && MasterUserPassword !== undefined,
          "MasterUserPassword with ManageMasterUserPassword",
        ),
        ...when(
          ManageMasterUserPassword !== true && MasterUserPassword === undefined,
          "neither MasterUserPassword nor ManageMasterUserPassword",
        ),
        ...when(
          password !== "" && (!/^[!-~]{8,128}$/.test(password) || /[/"@]/.test(password)),
          "MasterUserPassword does not fit",
        ),
        ...when(
          Engine === "postgres" && DBName !== undefined && !/^[A-Za-z_]\w{0,62}$/.test(text(DBName)),
          `${DBName} is no database`,
        ),
      ];
    },
  },
  {
    rule: "storage of a database",
    on: ["rds:CreateDBInstance"],
    source: rds("CreateDBInstance"),
    check: ({ AllocatedStorage, StorageType, MaxAllocatedStorage, Engine }) => [
      ...when(
        Engine === "postgres" &&
          (StorageType === "gp3" || StorageType === "gp2") &&
          Number(AllocatedStorage) < 20,
        `${AllocatedStorage} GiB of ${StorageType}, less than 20`,
      ),
      ...when(
        MaxAllocatedStorage !== undefined && Number(MaxAllocatedStorage) <= Number(AllocatedStorage),
        "MaxAllocatedStorage not above AllocatedStorage",
      ),
    ],
  },
  {
    rule: "backups of a database",
    on: ["rds:CreateDBInstance", "rds:ModifyDBInstance"],
    source: rds("CreateDBInstance"),
    check: ({ BackupRetentionPeriod }) => between(BackupRetentionPeriod, 0, 35, "BackupRetentionPeriod"),
  },
  {
    rule: "final snapshot",
    on: ["rds:DeleteDBInstance"],
    source: rds("DeleteDBInstance"),
    check: ({ SkipFinalSnapshot, FinalDBSnapshotIdentifier }) => [
      ...when(
        (SkipFinalSnapshot === true) === (FinalDBSnapshotIdentifier !== undefined),
        "either SkipFinalSnapshot or FinalDBSnapshotIdentifier",
      ),
      ...when(
        FinalDBSnapshotIdentifier !== undefined &&
          !/^[A-Za-z](?!.*--)[A-Za-z0-9-]{0,254}(?<!-)$/.test(text(FinalDBSnapshotIdentifier)),
        `${FinalDBSnapshotIdentifier} is no name of a snapshot`,
      ),
    ],
  },
  {
    rule: "subnets of a database",
    on: ["rds:CreateDBSubnetGroup"],
    source:
      "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    check: ({ SubnetIds }) => when(texts(SubnetIds).length < 2, "a group needs subnets of two zones"),
  },
  {
    rule: "name of a cache",
    on: ["elasticache:CreateReplicationGroup", "elasticache:CreateCacheCluster"],
    source: cache("CreateReplicationGroup"),
    check({ ReplicationGroupId, CacheClusterId }) {
      const name = text(ReplicationGroupId ?? CacheClusterId);
      const longest = ReplicationGroupId === undefined ? 50 : 40;
      return when(!identifier.test(name) || name.length > longest, `${name} is no name`);
    },
  },
  {
    rule: "password of a cache",
    on: ["elasticache:CreateReplicationGroup", "elasticache:CreateCacheCluster"],
    source: cache("CreateReplicationGroup"),
    check: ({ AuthToken, TransitEncryptionEnabled }) => [
      ...when(
        AuthToken !== undefined && TransitEncryptionEnabled !== true,
        "AuthToken without TransitEncryptionEnabled",
      ),
      ...when(
        AuthToken !== undefined && !/^[A-Za-z0-9!&#$^<>-]{16,128}$/.test(text(AuthToken)),
        "AuthToken does not fit",
      ),
    ],
  },
  {
    rule: "failover of a cache",
    on: ["elasticache:CreateReplicationGroup"],
    source: cache("CreateReplicationGroup"),
    check: ({ AutomaticFailoverEnabled, NumCacheClusters, ReplicasPerNodeGroup }) =>
      when(
        AutomaticFailoverEnabled === true &&
          Number(NumCacheClusters ?? 0) < 2 &&
          Number(ReplicasPerNodeGroup ?? 0) < 1,
        "automatic failover with one node",
      ),
  },
  {
    rule: "name of a bucket",
    on: ["s3:CreateBucket"],
    source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    check({ Bucket }) {
      const name = text(Bucket);
      return when(
        !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) ||
          name.includes("..") ||
          /^\d+\.\d+\.\d+\.\d+$/.test(name),
        `${name} is no name of a bucket`,
      );
    },
  },
];
