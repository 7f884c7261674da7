import { usageError } from "../usage-error.js";

/** A provider's name in every spelling that its code needs. */
export interface ProviderNames {
  /** `acme-dns`: the provider's name, and the end of the package's. */
  readonly kebab: string;
  /** `acmeDns`: the factory. */
  readonly camel: string;
  /** `AcmeDns`: types. */
  readonly pascal: string;
  /** `ACME_DNS`: environment variables. */
  readonly upper: string;
  /** `Acme Dns`: prose. */
  readonly title: string;
}

/** The name that the template itself has. */
const TEMPLATE_NAMES: ProviderNames = spell("nimbus-cloud");

/** Words that cannot name a function. */
const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends " +
    "false finally for function if implements import in instanceof interface let new null package private protected " +
    "public return static super switch this throw true try typeof undefined var void while with yield"
  ).split(" "),
);

/**
 * Every spelling of `name`; `taken` are words of the template that a factory must not be called by.
 *
 * @throws `usage.bad-name`
 */
export function spellings(name: string, taken: ReadonlySet<string>): ProviderNames {
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    throw usageError(
      "bad-name",
      `"${name}" cannot be the name of a provider: lower case letters, digits and single hyphens, a letter first, up to 40.`,
      "Take the vendor's name, or the vendor and the element: acme, acme-dns.",
    );
  }
  const names = spell(name);
  if (RESERVED.has(names.camel) || taken.has(names.camel)) {
    throw usageError(
      "bad-name",
      `"${name}" cannot be the name of a provider: its code uses the word for something else.`,
      `Add what it is: ${name}-dns, ${name}-cloud.`,
    );
  }
  return names;
}

/** `text`, a file of the template or its path, with the names of `names` in it. */
export function rename(text: string, names: ProviderNames): string {
  return (Object.keys(TEMPLATE_NAMES) as (keyof ProviderNames)[]).reduce(
    (changed, spelling) => changed.replaceAll(TEMPLATE_NAMES[spelling], names[spelling]),
    text,
  );
}

function spell(kebab: string): ProviderNames {
  const words = kebab.split("-");
  const capital = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const pascal = capital.join("");
  return {
    kebab,
    camel: `${words[0]}${capital.slice(1).join("")}`,
    pascal,
    upper: words.join("_").toUpperCase(),
    title: capital.join(" "),
  };
}
