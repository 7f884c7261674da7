import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { HerokuDouble } from "../src/index.js";
import type { TestClient } from "./client.js";

/** Uploads files as a source, builds them, and waits for the build and its release; gives the build's output. */
export async function buildSource(
  double: HerokuDouble,
  heroku: TestClient,
  app: string,
  files: Readonly<Record<string, string>>,
  version = "abcdef1234",
): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "source-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const archive = execFileSync("tar", ["-czf", "-", "-C", directory, "."]);
  rmSync(directory, { recursive: true });
  const { body } = await heroku.post("/sources", undefined);
  const { source_blob } = body as { source_blob: { get_url: string; put_url: string } };
  await fetch(source_blob.put_url, { method: "PUT", body: new Uint8Array(archive) });
  const made = await heroku.post(`/apps/${app}/builds`, {
    source_blob: { url: source_blob.get_url, version },
  });
  const { output_stream_url } = made.body as { output_stream_url: string };
  const output = await (await fetch(output_stream_url)).text();
  const found = double.state.apps.find((one) => one.name === app);
  await vi.waitFor(
    () => {
      if (found?.builds.at(-1)?.status === "pending" || found?.releases.at(-1)?.status === "pending")
        throw new Error("still pending");
    },
    { timeout: 10_000 },
  );
  return output;
}
