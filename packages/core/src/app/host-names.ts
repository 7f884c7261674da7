import { normaliseName } from "../elements/dns-values.js";

/** What is wrong with a host name, and what to write instead. */
export interface HostFault {
  readonly reason: string;
  readonly hint: string;
}

const labelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A host as DNS stores it: case does not count, and letters beyond ASCII are punycode. */
export function normaliseHost(host: string): string {
  return normaliseName(host);
}

/**
 * Whether `host` can be a domain of an app: at least two labels after RFC 1123, the first of which may be `*`.
 *
 * @returns what is wrong with it, or undefined.
 */
export function checkHost(host: string): HostFault | undefined {
  if (host === "") return { reason: "is empty", hint: 'Write a host name, such as "app.example.org".' };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(host) || /[/?#@]/.test(host)) {
    return { reason: "is a URL, not a host name", hint: `Write "${hostOfUrl(host) ?? "app.example.org"}".` };
  }
  if (/\s/.test(host)) return { reason: "has a space in it", hint: "Write one host name, without spaces." };
  if (/^\[?[0-9a-f]*:[0-9a-f:]*\]?$/i.test(host) || /^\d+(?:\.\d+){3}$/.test(host)) {
    return {
      reason: "is an address",
      hint: "Certificates and redirects need a name: point one at the address.",
    };
  }
  const port = /^(.*):\d*$/.exec(host);
  if (port !== null) {
    return {
      reason: "has a port",
      hint: `Write "${port[1]}": the traffic of a domain comes in on 80 and 443.`,
    };
  }
  if (host.endsWith(".")) return { reason: "ends with a dot", hint: `Write "${host.replace(/\.+$/, "")}".` };
  const stored = normaliseHost(host);
  const international = stored === host.toLowerCase() ? "" : ` in DNS (${stored})`;
  if (stored.length > 253) {
    return { reason: `is longer than 253 characters${international}`, hint: "DNS carries no longer names." };
  }
  const labels = stored.split(".");
  if (labels.length < 2) {
    return { reason: "is a single label", hint: `Write it in full, such as "${labels[0]}.example.org".` };
  }
  return checkLabels(labels);
}

function checkLabels(labels: readonly string[]): HostFault | undefined {
  for (const [index, label] of labels.entries()) {
    if (label === "*") {
      if (index > 0) {
        return {
          reason: "has its * in the middle",
          hint: 'Only the first label can be a *: "*.example.org".',
        };
      }
      if (labels.length < 3) {
        return { reason: "would match a whole top-level domain", hint: 'Write "*.example.org".' };
      }
    } else if (label === "") {
      return { reason: "has an empty label", hint: "Write exactly one dot between two labels." };
    } else if (label.length > 63) {
      return {
        reason: `has a label of ${label.length} characters`,
        hint: "DNS carries 63 in a label at most.",
      };
    } else if (label.includes("_")) {
      return {
        reason: "has an underscore",
        hint: `Write a hyphen: "${labels.join(".").replaceAll("_", "-")}".`,
      };
    } else if (label.includes("*")) {
      return { reason: "mixes * with letters", hint: 'A * stands for a whole label: "*.example.org".' };
    } else if (isNoInternationalName(label)) {
      return {
        reason: `has the label "${label}", which DNS cannot store`,
        hint: "Write the letters of the name themselves: they are turned into punycode.",
      };
    } else if (!labelPattern.test(label)) {
      return {
        reason: `has the label "${label}"`,
        hint: "A label is letters, digits and hyphens, and a hyphen is neither first nor last.",
      };
    }
  }
  if (/^\d+$/.test(labels.at(-1)!)) {
    return { reason: "ends in a number", hint: "No top-level domain is a number." };
  }
  return undefined;
}

/** Letters that could not be turned into punycode are still there; what is written as punycode has to be some. */
function isNoInternationalName(label: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII is meant.
  if (/[^\u0000-\u007f]/.test(label)) return true;
  return label.startsWith("xn--") && process.getBuiltinModule("node:url").domainToASCII(label) === "";
}

function hostOfUrl(text: string): string | undefined {
  const url = text.includes("://") ? text : `http://${text}`;
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  return host === "" ? undefined : host;
}
