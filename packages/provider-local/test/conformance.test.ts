import { conformance } from "@deploy/conformance/vitest";
import { afterAll } from "vitest";
import { ensureBuilt } from "./support/built.js";
import { localSubject } from "./support/conformance-subject.js";
import { createWorkspace } from "./support/workspace.js";

await ensureBuilt();
const space = await createWorkspace();
afterAll(() => space.remove());

conformance(localSubject(space));
