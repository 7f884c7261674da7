import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { conformance } from "../vitest.js";
import { referenceSubject } from "./subject.js";

const directory = mkdtempSync(join(tmpdir(), "deploy-reference-"));
writeFileSync(join(directory, "app.txt"), "hello\n");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

conformance(referenceSubject(directory));
