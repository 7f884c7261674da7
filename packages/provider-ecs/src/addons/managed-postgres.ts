import {
  type Context,
  DeployError,
  type FieldChange,
  type Foreign,
  isForeign,
  output,
  type ResolvedAddon,
  type Resource,
  reveal,
  type Scope,
  type SecretReference,
  UNKNOWN,
} from "@deploy/core";
import type { Input, Output } from "../clients/modules.js";
import { isAwsError, unlessGone } from "../errors.js";
import type { Parts } from "../parts.js";
import { alone, ecsResource, readOnce } from "../resources.js";
import type { SecurityGroupObserved } from "../servers/foundation.js";
import { ifOurs, readTags, upperTags } from "../tags.js";
import { addonSecrets, passwordName } from "./credentials.js";
import { addonTags } from "./database-network.js";
import { addonId, addonName, backupDays, databaseUser } from "./names.js";

/** Major version where none is declared. */
const defaultVersion = "17";
/** The smallest class that RDS offers for Postgres, with the smallest disk of its kind. */
const smallestClass = "db.t4g.micro";
const gigabytes = 20;
/** The disk grows by itself up to so many gigabytes. */
const mostGigabytes = 100;

/** A database of RDS as it is. */
export interface PostgresObserved {
  readonly id: string;
  readonly arn: string;
  readonly status: string;
  readonly host: string | undefined;
  readonly port: number;
  readonly class: string;
  readonly version: string;
  readonly backupDays: number;
  readonly protected: boolean;
  readonly standby: boolean;
  readonly public: boolean;
  readonly groups: readonly string[];
}

interface PostgresDesired {
  readonly group: string;
  readonly subnets: readonly string[];
  /** Version of the password, which has to be stored before there is a database. */
  readonly password: string;
}

/** The identifier of an add-on's database. */
export function postgresName(scope: Scope, addon: string): string {
  return addonName(scope, addon, 63);
}

/** Whether nobody may delete the database until this is switched off. */
function isProtected(parts: Parts, scope: Scope): boolean {
  return parts.settings.addons.deletionProtection ?? scope.environment === "production";
}

/** States from which a database comes back by itself; anything else that is not `available` is a failure. */
const busy =
  /^(?:creating|backing-up|configuring|maintenance|modifying|moving|rebooting|renaming|resetting|starting|storage|upgrading|converting)/;

/** The add-on as a database of RDS: private, encrypted, backed up every day. */
export function managedPostgres(
  parts: Parts,
  scope: Scope,
  addon: ResolvedAddon,
  secret: Resource<unknown, SecretReference>,
  group: Resource<unknown, SecurityGroupObserved>,
): Resource<PostgresDesired, PostgresObserved> {
  const { clients, settings } = parts;
  const foundation = parts.foundation(scope);
  const id = postgresName(scope, addon.name);
  const tags = addonTags(parts, scope, addon.name);
  const wanted = {
    class: addon.plan ?? smallestClass,
    version: addon.version ?? defaultVersion,
    backupDays: backupDays(settings),
    protected: isProtected(parts, scope),
    standby: settings.addons.standby ?? false,
  };
  const describe = async (
    context: Context,
  ): Promise<PostgresObserved | Foreign<PostgresObserved> | undefined> => {
    const answer = await readOnce(settings, context, `database ${id}`, () =>
      unlessGone(clients.send(context, "rds", "DescribeDBInstances", { DBInstanceIdentifier: id })),
    );
    const found = answer?.DBInstances?.[0];
    if (found === undefined) return undefined;
    return ifOurs("app", settings, scope, readTags(found.TagList), `the database ${id}`, observedOf(found));
  };
  return ecsResource<PostgresDesired, PostgresObserved>("addons", {
    id: addonId(settings, scope, addon.name),
    label: `postgres ${addon.name}`,
    holdsData: `database ${addon.name}`,
    pollEvery: 5_000,
    desired: {
      group: output(group, (made) => made.groupId),
      subnets: output(foundation.network, (network) => network.subnetIds),
      password: output(secret, (reference) => reference.version),
    },
    read: describe,
    diff: (desired, observed): readonly FieldChange[] => {
      const changes: FieldChange[] = [];
      const compare = (path: string, from: unknown, to: unknown): void => {
        if (from !== to) changes.push({ path, from, to });
      };
      compare("class", observed.class, wanted.class);
      // A declared 17 is any 17.x: RDS changes the minor version by itself.
      if (!`${observed.version}.`.startsWith(`${wanted.version}.`))
        compare("version", observed.version, wanted.version);
      compare("backupDays", observed.backupDays, wanted.backupDays);
      compare("protected", observed.protected, wanted.protected);
      compare("standby", observed.standby, wanted.standby);
      compare("public", observed.public, false);
      const late = desired === UNKNOWN ? UNKNOWN : (desired as PostgresDesired).group;
      if ((late as unknown) === UNKNOWN)
        changes.push({ path: "security group", from: observed.groups, unknown: true });
      else if (observed.groups.join() !== late)
        changes.push({ path: "security group", from: observed.groups, to: [late] });
      return changes;
    },
    pending: (observed) => {
      if (observed.status === "available" && observed.host !== undefined) return undefined;
      if (observed.status === "available" || busy.test(observed.status)) return observed.status;
      throw new DeployError({
        code: "addons.database-failed",
        message: `The database ${id} is "${observed.status}".`,
        hint: `Look at it in the RDS console (${settings.region}): it does not come back by itself.`,
        details: { status: observed.status },
      });
    },
    create: async (context, desired) => {
      const password = await addonSecrets(parts).reveal(context, scope, passwordName(addon.name));
      if (password === undefined) throw new Error(`${addon.name} has no password`);
      const DBSubnetGroupName = id;
      try {
        await clients.send(context, "rds", "CreateDBSubnetGroup", {
          DBSubnetGroupName,
          DBSubnetGroupDescription: `${addon.name} of ${scope.app} in ${scope.environment}`,
          SubnetIds: [...desired.subnets],
          Tags: upperTags(tags),
        });
      } catch (error) {
        if (!isAwsError(error, "DBSubnetGroupAlreadyExists", "DBSubnetGroupAlreadyExistsFault")) throw error;
      }
      const input: Input<"rds", "CreateDBInstance"> = {
        DBInstanceIdentifier: id,
        Engine: "postgres",
        EngineVersion: wanted.version,
        DBInstanceClass: wanted.class,
        DBName: databaseUser,
        MasterUsername: databaseUser,
        MasterUserPassword: reveal(password),
        AllocatedStorage: gigabytes,
        MaxAllocatedStorage: mostGigabytes,
        StorageType: "gp3",
        StorageEncrypted: true,
        PubliclyAccessible: false,
        MultiAZ: wanted.standby,
        VpcSecurityGroupIds: [desired.group],
        DBSubnetGroupName,
        BackupRetentionPeriod: wanted.backupDays,
        CopyTagsToSnapshot: true,
        DeletionProtection: wanted.protected,
        AutoMinorVersionUpgrade: true,
        Tags: upperTags(tags),
      };
      try {
        const made = await clients.send(context, "rds", "CreateDBInstance", input, { private: true });
        return observedOf(made.DBInstance ?? {});
      } catch (error) {
        // An earlier call has made it, whose answer was lost; or somebody else has, meanwhile.
        if (!isAwsError(error, "DBInstanceAlreadyExists", "DBInstanceAlreadyExistsFault")) throw error;
        const found = await describe(alone(context));
        if (found === undefined || isForeign(found)) throw error;
        return found;
      }
    },
    update: async (context, desired, observed) => {
      const other = !`${observed.version}.`.startsWith(`${wanted.version}.`);
      const answer = await clients.send(context, "rds", "ModifyDBInstance", {
        DBInstanceIdentifier: id,
        DBInstanceClass: wanted.class,
        BackupRetentionPeriod: wanted.backupDays,
        DeletionProtection: wanted.protected,
        MultiAZ: wanted.standby,
        PubliclyAccessible: false,
        VpcSecurityGroupIds: [desired.group],
        ...(other ? { EngineVersion: wanted.version, AllowMajorVersionUpgrade: true } : {}),
        ApplyImmediately: true,
      });
      return observedOf(answer.DBInstance ?? {});
    },
  });
}

type Described = NonNullable<Output<"rds", "DescribeDBInstances">["DBInstances"]>[number];

/** What will be, where a change is on its way: else every plan would ask for it again until it is there. */
function observedOf(found: Described): PostgresObserved {
  const coming = found.PendingModifiedValues ?? {};
  return {
    id: found.DBInstanceIdentifier ?? "",
    arn: found.DBInstanceArn ?? "",
    status: found.DBInstanceStatus ?? "creating",
    host: found.Endpoint?.Address,
    port: found.Endpoint?.Port ?? 5432,
    class: coming.DBInstanceClass ?? found.DBInstanceClass ?? "",
    version: coming.EngineVersion ?? found.EngineVersion ?? "",
    backupDays: coming.BackupRetentionPeriod ?? found.BackupRetentionPeriod ?? 0,
    protected: found.DeletionProtection === true,
    standby: coming.MultiAZ ?? found.MultiAZ === true,
    public: found.PubliclyAccessible === true,
    groups: (found.VpcSecurityGroups ?? []).flatMap((one) => one.VpcSecurityGroupId ?? []).sort(),
  };
}

/** The address that processes get: RDS refuses connections without TLS from Postgres 15 on (`rds.force_ssl`). */
export function postgresUrl(
  { host, port }: { readonly host: string; readonly port: number },
  password: string,
): string {
  return `postgres://${databaseUser}:${encodeURIComponent(password)}@${host}:${port}/${databaseUser}?sslmode=require`;
}
