/** The elements and powers that may declare capabilities, in the order of the docs. */
const parts = [
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

const begin = "<!-- capabilities: written from the code -->";
const end = "<!-- end of capabilities -->";

/**
 * What a provider declares, as a Markdown table: a row for each capability, or for an element that is not there.
 *
 * @param {Readonly<Record<string, unknown>>} provider
 * @param {string} heading what the provider deploys to
 * @returns {string}
 */
export function capabilitiesTable(provider, heading) {
  const rows = parts.flatMap((part) => {
    const { capabilities } = /** @type {{ capabilities?: object }} */ (provider[part] ?? {});
    if (capabilities === undefined) return [`| ${part} | | no: not offered |`];
    return entries(capabilities).map(
      ([name, value], index) => `| ${index === 0 ? part : ""} | ${name} | ${say(value)} |`,
    );
  });
  return [`| Element | Capability | ${heading} |`, "|---|---|---|", ...rows].join("\n");
}

/**
 * `text` with what is between the markers replaced by `table`.
 *
 * @param {string} text
 * @param {string} table
 * @returns {string}
 */
export function replaceTable(text, table) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error("README.md has lost the markers of its capabilities table");
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
}

/** @param {object} capabilities capabilities by name; those of a group, such as kinds of add-on, as `kinds.postgres` */
function entries(capabilities) {
  return Object.entries(capabilities).flatMap(([name, value]) =>
    isGroup(value) ? Object.entries(value).map(([key, inner]) => [`${name}.${key}`, inner]) : [[name, value]],
  );
}

/** @param {unknown} value */
function isGroup(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !("no" in value);
}

/** @param {unknown} value */
function say(value) {
  if (value === true) return "yes";
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return `no: ${/** @type {{ no: string }} */ (value).no}`;
}
