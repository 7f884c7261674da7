/** ElastiCache, as far as it is used. */
export {
  CreateCacheSubnetGroupCommand,
  CreateReplicationGroupCommand,
  CreateSnapshotCommand,
  DeleteCacheSubnetGroupCommand,
  DeleteReplicationGroupCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  DescribeSnapshotsCommand,
  ElastiCacheClient as Client,
  ListTagsForResourceCommand,
  ModifyReplicationGroupCommand,
} from "@aws-sdk/client-elasticache";
