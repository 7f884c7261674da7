import {
  type Context,
  DeployError,
  type FieldChange,
  type Foreign,
  type Resource,
  type Scope,
} from "@deploy/core";
import { isAwsError, isGone, unlessGone } from "../errors.js";
import { providerName } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource, readOnce } from "../resources.js";
import { readTags, type Tags, upperTags } from "../tags.js";
import { backupDays } from "./names.js";

/** The bucket of backups, one for each account and region. */
export interface BucketObserved {
  readonly name: string;
  readonly private: boolean;
  /** Days until AWS removes a backup; absent where no rule does. */
  readonly days: number | undefined;
}

const tags: Tags = { "deploy:shared": "backups" };

/** Id of the bucket's resource. */
function bucketId(parts: Pick<Parts, "settings">): string {
  return [providerName, "addons", parts.settings.region, "backups"].join("/");
}

/** The bucket's name: the account's number is in it, because names of buckets are one space for all of AWS. */
export async function bucketName(
  parts: Pick<Parts, "settings" | "clients">,
  context: Context,
): Promise<string> {
  const account = await readOnce(parts.settings, context, "account", async () => {
    const answer = await parts.clients.send(context, "sts", "GetCallerIdentity", {});
    return answer.Account ?? "";
  });
  return `deploy-backups-${account}-${parts.settings.region}`;
}

/**
 * The bucket: nothing in it can be made public, S3 encrypts it (always, since 2023), and what is older than the kept days
 * goes by itself. Nothing removes it: it holds backups of other apps, and of what is gone.
 */
export function backupBucket(
  parts: Parts,
  _scope: Scope,
): Resource<{ readonly days: number }, BucketObserved> {
  const { clients, settings } = parts;
  const read = async (context: Context): Promise<BucketObserved | Foreign<BucketObserved> | undefined> => {
    const Bucket = await bucketName(parts, context);
    const [tagged, rules, block] = await Promise.all([
      unless(clients.send(context, "s3", "GetBucketTagging", { Bucket }), "NoSuchTagSet"),
      unless(
        clients.send(context, "s3", "GetBucketLifecycleConfiguration", { Bucket }),
        "NoSuchLifecycleConfiguration",
      ),
      unless(
        clients.send(context, "s3", "GetPublicAccessBlock", { Bucket }),
        "NoSuchPublicAccessBlockConfiguration",
      ),
    ]);
    if (tagged === "gone") return undefined;
    const own = readTags(tagged?.TagSet);
    const blocked = block === "gone" ? undefined : block?.PublicAccessBlockConfiguration;
    const rule = rules === "gone" ? undefined : rules?.Rules?.find((one) => one.ID === ruleId);
    const observed: BucketObserved = {
      name: Bucket,
      private:
        blocked?.BlockPublicAcls === true &&
        blocked.BlockPublicPolicy === true &&
        blocked.IgnorePublicAcls === true &&
        blocked.RestrictPublicBuckets === true,
      days: rule?.Status === "Enabled" ? rule.Expiration?.Days : undefined,
    };
    if (own["deploy:shared"] === "backups") return observed;
    return {
      foreign: true,
      description: `the bucket ${Bucket} is there, and it does not carry our tags`,
      observed,
    };
  };
  const settle = async (context: Context, Bucket: string): Promise<BucketObserved> => {
    const days = backupDays(settings);
    const again = { repeatable: true };
    await Promise.all([
      clients.send(
        context,
        "s3",
        "PutPublicAccessBlock",
        { Bucket, PublicAccessBlockConfiguration: closed },
        again,
      ),
      clients.send(
        context,
        "s3",
        "PutBucketLifecycleConfiguration",
        {
          Bucket,
          LifecycleConfiguration: {
            Rules: [
              {
                ID: ruleId,
                Status: "Enabled",
                Filter: { Prefix: "" },
                Expiration: { Days: days },
                AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
              },
            ],
          },
        },
        again,
      ),
    ]);
    return { name: Bucket, private: true, days };
  };
  const mark = (context: Context, Bucket: string): Promise<unknown> =>
    clients.send(
      context,
      "s3",
      "PutBucketTagging",
      { Bucket, Tagging: { TagSet: upperTags(tags) } },
      { repeatable: true },
    );
  return ecsResource<{ readonly days: number }, BucketObserved>("addons", {
    id: bucketId(parts),
    label: "bucket of backups",
    desired: { days: backupDays(settings) },
    read,
    diff: ({ days }: never | { days: number }, observed): readonly FieldChange[] => [
      ...(observed.private ? [] : [{ path: "private", from: false, to: true }]),
      // Another app of the account may want to keep its backups longer.
      ...(observed.days !== undefined && observed.days >= days
        ? []
        : [{ path: "days", from: observed.days ?? null, to: days }]),
    ],
    create: async (context) => {
      const Bucket = await bucketName(parts, context);
      const where =
        settings.region === "us-east-1"
          ? {}
          : { CreateBucketConfiguration: { LocationConstraint: settings.region as never } };
      try {
        await clients.send(context, "s3", "CreateBucket", { Bucket, ...where }, { repeatable: true });
      } catch (error) {
        if (isAwsError(error, "BucketAlreadyExists")) throw taken(Bucket);
        // Made by a run that was cut off before it could mark it.
        if (!isAwsError(error, "BucketAlreadyOwnedByYou")) throw error;
      }
      await mark(context, Bucket);
      return settle(context, Bucket);
    },
    update: (context, _desired, observed) => settle(context, observed.name),
    adopt: async (context) => {
      const Bucket = await bucketName(parts, context);
      await mark(context, Bucket);
      return settle(context, Bucket);
    },
  });
}

const ruleId = "deploy: backups that are old";
const closed = {
  BlockPublicAcls: true,
  BlockPublicPolicy: true,
  IgnorePublicAcls: true,
  RestrictPublicBuckets: true,
} as const;

/** The answer; undefined where only the part is missing, `gone` where the bucket is. */
async function unless<T>(answer: Promise<T>, missing: string): Promise<T | "gone" | undefined> {
  return answer.catch((error: unknown) => {
    if (isAwsError(error, missing)) return undefined;
    if (isAwsError(error, "NoSuchBucket") || isGone(error)) return "gone" as const;
    throw error;
  });
}

function taken(name: string): DeployError {
  return new DeployError({
    code: "addons.bucket-taken",
    message: `The bucket ${name} belongs to another account.`,
    hint: "Set backup: false on the add-ons, and see to backups elsewhere.",
  });
}

/** A stored backup. */
export interface StoredBackup {
  readonly key: string;
  readonly bytes: number;
  readonly createdAt: string;
}

/** Backups that begin with a prefix, newest first. */
export async function listBackups(
  parts: Pick<Parts, "settings" | "clients">,
  context: Context,
  Prefix: string,
): Promise<readonly StoredBackup[]> {
  const Bucket = await bucketName(parts, context);
  const found = await unlessGone(
    parts.clients.all(context, "s3", "ListObjectsV2", { Bucket, Prefix }, (page) => page.Contents),
  );
  return (found ?? [])
    .flatMap(({ Key, Size, LastModified }) =>
      Key === undefined
        ? []
        : [{ key: Key, bytes: Size ?? 0, createdAt: (LastModified ?? new Date(0)).toISOString() }],
    )
    .sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
}
