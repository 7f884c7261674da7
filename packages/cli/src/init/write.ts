import type { Detected } from "./detect.js";

/** The text of a deploy.config.ts that declares what was detected. */
export function configText(detected: Detected): string {
  const { name, dockerfile, processes, release, addons, secrets } = detected;
  const lines = [
    `name: ${literal(name)},`,
    ...(dockerfile ? ['build: { dockerfile: "Dockerfile" },'] : []),
    "processes: {",
    ...Object.entries(processes).map(
      ([process, command]) => `  ${key(process)}: { command: ${literal(command)} },`,
    ),
    "},",
    ...(release === undefined ? [] : [`release: ${literal(release)},`]),
    ...block(
      "addons",
      Object.entries(addons).map(([addon, { kind }]) => `${key(addon)}: { kind: ${literal(kind)} },`),
    ),
    ...(secrets.length === 0 ? [] : [`secrets: [${secrets.map(literal).join(", ")}],`]),
  ];
  return [
    'import { defineApp } from "@deploy/core";',
    "",
    "export default defineApp({",
    ...lines.map((line) => `  ${line}`),
    "});",
    "",
  ].join("\n");
}

function block(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${name}: {`, ...lines.map((line) => `  ${line}`), "},"];
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function literal(text: string): string {
  return JSON.stringify(text);
}
