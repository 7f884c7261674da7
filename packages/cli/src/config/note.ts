import type { Problem } from "@deploy/core";

/** A warning of the validation as one line. */
export function formatNote(note: Problem): string {
  const { file, line, path } = note.location ?? {};
  const place = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
  return `note: ${place}${path === undefined ? "" : `${path}: `}${note.message}${note.hint === undefined ? "" : ` ${note.hint}`}`;
}
