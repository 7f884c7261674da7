import { statfs } from "node:fs/promises";
import type { Context, DoctorFinding } from "@deploy/core";
import { findProgram } from "./program.js";
import { connect } from "./resources.js";

/** Below this much free space a deploy may not find room, in bytes. */
const lowSpace = 1_000_000_000;

/** What a person should know about this machine before anything is deployed to it. */
export async function examine(context: Context): Promise<readonly DoctorFinding[]> {
  const { client, home } = connect(context);
  const findings: DoctorFinding[] = [];
  const facts = await client.facts().catch(() => undefined);
  if (facts === undefined) {
    findings.push({
      subject: "supervisor",
      state: "warning",
      message: "does not run",
      hint: "deploy up starts it",
    });
  } else if (facts.program !== findProgram().digest) {
    findings.push({
      subject: "supervisor",
      state: "warning",
      message: `process ${facts.pid} is of another version`,
      hint: "deploy up replaces it in place",
    });
  } else {
    findings.push({
      subject: "supervisor",
      state: "ok",
      message: `process ${facts.pid}, port ${facts.port}`,
    });
  }
  findings.push(await freeSpace(home.directory));
  if (process.getuid?.() === 0) {
    findings.push({
      subject: "user",
      state: "warning",
      message: "this is root: apps run as root too",
      hint: "use an account without privileges",
    });
  }
  return findings;
}

async function freeSpace(directory: string): Promise<DoctorFinding> {
  const stats = await statfs(directory).catch(() => statfs("/"));
  const free = stats.bavail * stats.bsize;
  const message = `${Math.floor(free / 1e9)} GB free for ${directory}`;
  return free < lowSpace
    ? { subject: "disk", state: "warning", message, hint: "make room: a full disk stops deploys and logs" }
    : { subject: "disk", state: "ok", message };
}
