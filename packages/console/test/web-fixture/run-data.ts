/**
 * Runs: one under way, one that failed, and those before. As the API answers.
 *
 * @module
 */

import type { NumberedProgress, Run } from "../../src/shared/run-types.js";
import { DAY, HOSTILE, MINUTE } from "./values.js";

/** `GET …/runs`. */
export function runs(now: number): readonly Run[] {
  const place = { app: "shop", environment: "production" };
  return [
    {
      ...place,
      id: "r3",
      operation: "up",
      by: "maria on ci-7",
      startedAt: now - 2 * MINUTE,
      state: "running",
    },
    {
      ...place,
      id: "r2",
      operation: "up",
      by: `lee on ${HOSTILE}`,
      startedAt: now - DAY,
      endedAt: now - DAY + 95_000,
      state: "failed",
    },
    {
      ...place,
      id: "r1",
      operation: "rollback",
      by: "maria@example.org in the console",
      startedAt: now - 3 * DAY,
      endedAt: now - 3 * DAY + 41_000,
      state: "done",
      release: 11,
    },
  ];
}

/** Events of the run that is under way. */
export function runEvents(now: number): readonly NumberedProgress[] {
  const base = (id: string, label: string, message: string) => ({
    time: new Date(now - 2 * MINUTE).toISOString(),
    id,
    label,
    message,
  });
  const events: NumberedProgress["event"][] = [
    { type: "planned", time: new Date(now).toISOString(), message: "3 changes", changes: 3, unchanged: 14 },
    { ...base("image", "Image", "Building"), type: "started", action: "create" },
    ...Array.from({ length: 30 }, (_, index) => ({
      ...base("image", "Image", "Building"),
      type: "output" as const,
      stream: "stdout" as const,
      text: `#${index + 5} RUN npm ci ${index === 7 ? HOSTILE : ""}`,
    })),
    { ...base("image", "Image", "Built"), type: "done", action: "create", seconds: 48 },
    { ...base("migrate", "Release command", "Running"), type: "started", action: "create" },
    {
      ...base("migrate", "Release command", ""),
      type: "output",
      stream: "stderr",
      text: "Applying 0042_carts… OK",
    },
    { ...base("migrate", "Release command", "Done"), type: "done", action: "create", seconds: 6.2 },
    { ...base("rollout", "Release 13", "Rolling out"), type: "started", action: "update" },
    { ...base("rollout", "Release 13", "web: 1 of 3 instances healthy"), type: "waiting", seconds: 31 },
  ];
  return events.map((event, index) => ({ number: index + 1, event }));
}

/** Events of the run that failed. */
export function failedEvents(now: number): readonly NumberedProgress[] {
  const base = (id: string, label: string, message: string) => ({
    time: new Date(now - DAY).toISOString(),
    id,
    label,
    message,
  });
  const events: NumberedProgress["event"][] = [
    { ...base("migrate", "Release command", "Running"), type: "started", action: "create" },
    {
      ...base("migrate", "Release command", ""),
      type: "output",
      stream: "stderr",
      text: 'django.db.utils.ProgrammingError: relation "carts" does not exist',
    },
    {
      ...base("migrate", "Release command", "It failed"),
      type: "failed",
      error: {
        code: "containers.release-command-failed",
        message: "The release command ended with exit code 1.",
        retryable: false,
        hint: "Nothing was put into service. Repair the migration and deploy again.",
        docs: "javascript:alert(1)",
      },
    },
    { ...base("rollout", "Release 12", ""), type: "skipped", reason: "the release command failed" },
  ];
  return events.map((event, index) => ({ number: index + 1, event }));
}
