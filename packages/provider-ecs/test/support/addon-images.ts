import { existsSync, readdirSync } from "node:fs";
import { buildImage } from "./images.js";
import { run } from "./program.js";

const versions = "/usr/lib/postgresql";

function postgresPrograms(): string | undefined {
  const newest = existsSync(versions) ? readdirSync(versions).sort().at(-1) : undefined;
  return newest === undefined ? undefined : `${versions}/${newest}/bin`;
}

/** What is missing to make the images; undefined when nothing is. */
export function missingServers(): string | undefined {
  if (postgresPrograms() === undefined) return "no Postgres (Debian: apt-get install postgresql)";
  return existsSync("/usr/bin/redis-server") ? undefined : "no Redis (Debian: apt-get install redis-server)";
}

/**
 * Images that stand in for the official ones: Debian's servers, with what of the official entry points is relied on
 * (`POSTGRES_USER`, `POSTGRES_PASSWORD`, `POSTGRES_DB`, `PGDATA`), and an `aws` which copies from and to `/bucket`.
 */
export async function addonImages(): Promise<{
  readonly postgres: string;
  readonly redis: string;
  readonly copier: string;
}> {
  const tag = `${process.pid}-${Date.now()}`;
  const names = {
    postgres: `deploy-test-postgres:${tag}`,
    redis: `deploy-test-redis:${tag}`,
    copier: `deploy-test-aws:${tag}`,
  };
  await buildPostgres(names.postgres);
  await buildImage(names.redis, { programs: ["/usr/bin/redis-server", "/usr/bin/redis-cli"] });
  await buildImage(names.copier, { files: { "/bin/aws": copier } });
  return names;
}

/** `aws s3 cp --only-show-errors FROM TO`, with a directory in place of the buckets. */
const copier = `#!/bin/sh
set -e
from=$(echo "$4" | sed 's|^s3://|/bucket/|')
to=$(echo "$5" | sed 's|^s3://|/bucket/|')
mkdir -p "$(dirname "$to")"
cp "$from" "$to"
`;

/** Does what the official image's entry point does, in its order. */
const entry = `#!/bin/sh
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chown -R 999:999 "$PGDATA"
  chmod 700 "$PGDATA"
  printf %s "$POSTGRES_PASSWORD" > /tmp/pw
  chown 999:999 /tmp/pw
  su -s /bin/sh postgres -c 'initdb --username="$POSTGRES_USER" --pwfile=/tmp/pw --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --locale=C > /tmp/initdb.log'
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  su -s /bin/sh postgres -c 'pg_ctl -w -o "-c listen_addresses= -k /tmp" start > /dev/null'
  su -s /bin/sh postgres -c 'psql -h /tmp -U "$POSTGRES_USER" -d postgres -qc "CREATE DATABASE $POSTGRES_DB"'
  su -s /bin/sh postgres -c 'pg_ctl -w -m fast stop > /dev/null'
fi
if [ "$1" = postgres ]; then shift; fi
export FLAGS="$*"
exec su -s /bin/sh postgres -c 'exec postgres -c listen_addresses="*" -k /tmp $FLAGS'
`;

/** Debian's Postgres in place of the official image, with the same entry point and place of data. */
export async function buildPostgres(reference: string): Promise<void> {
  const bin = postgresPrograms()!;
  const programs = ["initdb", "postgres", "pg_ctl", "psql", "pg_dump", "pg_restore", "pg_isready"].map(
    (name) => `${bin}/${name}`,
  );
  const share = bin.replace("/usr/lib/", "/usr/share/").replace(/\/bin$/, "");
  const library = bin.replace(/\/bin$/, "/lib");
  const extra = [
    ...(await filesUnder(share)),
    ...(await filesUnder(library)).filter((path) => !/llvmjit|bitcode/.test(path)),
  ];
  await buildImage(reference, {
    programs,
    files: {
      "/bin/docker-entrypoint.sh": entry,
      "/etc/passwd": "root:x:0:0::/:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\n",
      "/etc/group": "root:x:0:\npostgres:x:999:\n",
    },
    copies: extra,
    instructions: [
      `ENV PATH=/bin:/usr/bin:${bin}`,
      'RUN ["/bin/chmod", "1777", "/tmp"]',
      "ENV PGDATA=/var/lib/postgresql/data",
      'ENTRYPOINT ["docker-entrypoint.sh"]',
    ],
  });
}

async function filesUnder(directory: string): Promise<readonly string[]> {
  const { stdout } = await run(["find", directory, "-type", "f"]);
  return stdout.split("\n").filter((path) => path !== "");
}
