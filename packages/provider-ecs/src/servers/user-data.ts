/** Where the data volume is mounted. */
export const dataRoot = "/var/lib/deploy";

/** What an instance is told at its first start. */
export interface UserDataOptions {
  readonly cluster: string;
  /** The kind of capacity, as an attribute that placement can ask for. */
  readonly capacity: "ec2" | "instance";
  /** A volume is attached that keeps data: it is mounted before the agent starts. */
  readonly dataVolume: boolean;
}

/**
 * The script of the first start, as EC2 takes it (base64).
 *
 * The agent starts after it (`ecs.service` comes after `cloud-final.service`), so that no task can run before the data
 * volume is mounted; without the volume the script fails, and the instance does not join the cluster. An instance of the
 * Nitro system names its volumes by itself, hence the search. Variables: "Amazon ECS container agent configuration".
 */
export function userData(options: UserDataOptions): string {
  const mount = options.dataVolume
    ? `find_data() {
  for device in /dev/sdf /dev/xvdf; do [ -b "$device" ] && { readlink -f "$device"; return; }; done
  root="/dev/$(lsblk -no PKNAME "$(findmnt -no SOURCE /)" | head -n 1)"
  lsblk -dnpo NAME,MODEL | awk -v root="$root" '/Amazon Elastic Block Store/ && $1 != root { print $1; exit }'
}
for attempt in $(seq 1 300); do
  data="$(find_data)"
  [ -n "$data" ] && break
  sleep 2
done
[ -n "$data" ] || { echo "no data volume was attached" >&2; exit 1; }
blkid "$data" > /dev/null || mkfs.xfs -q "$data"
mkdir -p ${dataRoot}
echo "UUID=$(blkid -s UUID -o value "$data") ${dataRoot} xfs defaults,nofail 0 2" >> /etc/fstab
mount ${dataRoot}
`
    : "";
  const script = `#!/bin/bash
set -euo pipefail
${mount}cat >> /etc/ecs/ecs.config << 'END'
ECS_CLUSTER=${options.cluster}
ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
ECS_RESERVED_MEMORY=96
ECS_AWSVPC_BLOCK_IMDS=true
ECS_INSTANCE_ATTRIBUTES={"deploy.capacity":"${options.capacity}"}
END
`;
  return Buffer.from(script).toString("base64");
}
