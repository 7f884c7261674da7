import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformance } from "@deploy/conformance/vitest";
import { afterAll } from "vitest";
import { fileSecrets } from "../src/file-secrets.js";

const directory = mkdtempSync(join(tmpdir(), "deploy-file-secrets-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

conformance({
  provider: () => fileSecrets({ directory }),
  reset: () => rmSync(directory, { recursive: true, force: true }),
});
