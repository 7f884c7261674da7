import { readdirSync } from "node:fs";
import { buildImage } from "../../packages/provider-ecs/test/support/images.js";
import { run } from "../../packages/provider-ecs/test/support/program.js";

const postgresPrograms = "/usr/lib/postgresql";

/**
 * Node with psql by the name that the examples' Dockerfiles ask for: what is here already, what can be pulled, or this
 * machine's own programs.
 *
 * It stays: two examples that run at the same time build from it, and the next run takes it again.
 */
export async function provideBaseImage(name = "node:22-alpine"): Promise<void> {
  if ((await run(["docker", "image", "inspect", name])).code === 0) return;
  if ((await run(["docker", "pull", name], { timeoutMs: 120_000 })).code === 0) return;
  const psql = `${postgresPrograms}/${readdirSync(postgresPrograms).sort().at(-1)}/bin/psql`;
  await buildImage(name, {
    programs: [process.execPath, psql],
    files: { "/bin/apk": "#!/bin/sh\nexit 0\n" },
    instructions: [
      `RUN ["/bin/busybox", "ln", "-s", "${process.execPath}", "/bin/node"]`,
      `RUN ["/bin/busybox", "ln", "-s", "${psql}", "/bin/psql"]`,
    ],
  });
}
