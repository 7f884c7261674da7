import { CreateDBInstanceCommand, DeleteDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startMinistack } from "./support/emulators.js";
import { buildImage, removeImages } from "./support/images.js";
import { has } from "./support/needs.js";
import { run } from "./support/program.js";

/*
 * Suites run beside each other on one Docker Engine, and so do runs by hand: what one of them clears away must be its own.
 * Both of these once took the database from under examples/ecs.
 */

const prefix = `deploy-test-others-${process.pid}`;
const database = `${prefix}/postgres:17-alpine`;

const runs = async (id: string): Promise<boolean> =>
  (await run(["docker", "inspect", "--format", "{{.State.Running}}", id])).stdout.trim() === "true";

describe.skipIf(!(await has("python", "docker")))("what is cleared away on a shared Docker Engine", () => {
  beforeAll(
    () =>
      buildImage(database, {
        files: {
          "/bin/docker-entrypoint.sh": "#!/bin/sh\nexec sleep 300\n",
          "/etc/passwd": "root:x:0:0::/:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\n",
          "/etc/group": "root:x:0:\npostgres:x:999:\n",
        },
        instructions: ['ENTRYPOINT ["docker-entrypoint.sh"]'],
      }),
    120_000,
  );
  afterAll(() => removeImages(database), 60_000);

  it("leaves the containers of the same image under another name", async () => {
    const other = `${prefix}-other:1`;
    await run(["docker", "tag", database, other]);
    const started = async (image: string): Promise<string> =>
      (await run(["docker", "run", "--detach", image])).stdout.trim();
    const [kept, gone] = [await started(database), await started(other)];
    await removeImages(other);
    expect(await runs(kept)).toBe(true);
    expect(await runs(gone)).toBe(false);
    await run(["docker", "rm", "--force", kept]);
  }, 60_000);

  it("leaves the database of another emulator, whose account, region and name are the same", async () => {
    const emulators: Emulator[] = [];
    const clients: RDSClient[] = [];
    try {
      for (const _ of ["one", "two"]) {
        const emulator = await startMinistack({ docker: true, imagePrefix: prefix });
        emulators.push(emulator);
        const rds = new RDSClient({
          endpoint: emulator.url.href,
          region: "us-east-1",
          credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
        });
        clients.push(rds);
        await rds.send(
          new CreateDBInstanceCommand({
            DBInstanceIdentifier: "shop",
            DBInstanceClass: "db.t4g.micro",
            Engine: "postgres",
            EngineVersion: "17",
            MasterUsername: "shop",
            MasterUserPassword: "k3y-of-the-test",
          }),
        );
      }
      const containerOf = async ({ url }: Emulator): Promise<string> => {
        const { stdout } = await run(["docker", "ps", "--format", '{{.ID}} {{.Label "ministack.instance"}}']);
        return (
          stdout
            .split("\n")
            .find((line) => line.endsWith(`:${url.port}`))
            ?.split(" ")[0] ?? "none"
        );
      };
      const first = await containerOf(emulators[0]!);
      expect(await runs(first)).toBe(true);
      expect(await runs(await containerOf(emulators[1]!))).toBe(true);
      await clients[1]?.send(
        new DeleteDBInstanceCommand({ DBInstanceIdentifier: "shop", SkipFinalSnapshot: true }),
      );
      expect(await runs(first)).toBe(true);
    } finally {
      for (const emulator of emulators) await emulator.stop();
    }
  }, 120_000);
});
