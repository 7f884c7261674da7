/*
 * Writes the credentials and capabilities tables of README.md from what the provider declares; `npm run build` does it.
 */
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const PARTS = [
  "servers",
  "images",
  "containers",
  "logs",
  "secrets",
  "ingress",
  "dns",
  "certificates",
  "addons",
  "access",
];

/** What has to be in the environment, as a table. */
export function credentialsTable(provider) {
  const rows = Object.values(provider.credentials).map(({ env, label, required, docs }) => {
    const what = docs === undefined ? label : `${label} ([where to get one](${docs}))`;
    return `| \`${env}\` | ${what} | ${required ? "yes" : "no"} |`;
  });
  return ["| Variable | What it is | Required |", "|---|---|---|", ...rows].join("\n");
}

/** What the provider can do, and why it cannot do the rest, as a table. */
export function capabilitiesTable(provider) {
  const rows = PARTS.filter((part) => provider[part] !== undefined).flatMap((part) =>
    Object.entries(provider[part].capabilities).map(
      ([name, value]) => `| ${part} | ${name} | ${say(value)} |`,
    ),
  );
  return ["| Element | Capability | |", "|---|---|---|", ...rows].join("\n");
}

/** The README with both tables as they have to be. */
export function withTables(readme, provider) {
  const credentials = replace(readme, "credentials", credentialsTable(provider));
  return replace(credentials, "capabilities", capabilitiesTable(provider));
}

function say(value) {
  if (value === true) return "yes";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.join(", ");
  return `no: ${value.no}${value.link === undefined ? "" : ` ([more](${value.link}))`}`;
}

function replace(text, name, table) {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has lost the markers of its ${name} table`);
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { nimbusCloud } = await import(new URL("../dist/index.js", import.meta.url).href);
  const file = new URL("../README.md", import.meta.url);
  const before = await readFile(file, "utf8");
  const after = withTables(before, nimbusCloud());
  if (after !== before) await writeFile(file, after);
}
