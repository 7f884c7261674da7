import type { Scenario } from "../scenario.js";
import { type DnsCase, dnsCases, set } from "./dns-case.js";
import { presentText } from "./dns-presentation.js";

/** A text of this many characters in which no part is like another, so that what is cut or swapped is seen. */
function textOfLength(length: number): string {
  let text = "";
  for (let at = 0; text.length < length; at += 1) text += `${at.toString(36)}-`;
  return text.slice(0, length);
}

/** Texts that one TXT record takes one after the other. */
function texts(name: string, ...values: readonly (string | readonly string[])[]): DnsCase {
  return { name, steps: ({ at }) => values.map((value) => [set(at("text"), "TXT", value)]) };
}

/** DNS, certified: texts come back as they were, whatever is in them and however long they are. */
export const dnsTexts: readonly Scenario[] = dnsCases([
  texts("texts of 1, 254, 255 and 256 characters", ...[1, 254, 255, 256].map(textOfLength)),
  texts("texts of 509, 510 and 511 characters", ...[509, 510, 511].map(textOfLength)),
  texts("texts of 764, 765 and 766 characters", ...[764, 765, 766].map(textOfLength)),
  texts(
    "several texts at one name, a long one among them",
    ["one", "two words", textOfLength(300)],
    ["two words", textOfLength(301)],
  ),
  texts(
    "texts with double quotes in them",
    'one "quoted" word',
    'he said "yes"; "no" was meant',
    '5" and 6"',
  ),
  // Such a text has to be presented, since a value that is quoted as a whole is taken for its presentation.
  texts("a text that begins and ends with a double quote", presentText('"quoted as a whole"')),
  texts("texts with single quotes and backticks", "it's", "'quoted'", "`ticked` and ``twice``"),
  texts(
    "texts with semicolons",
    "v=DMARC1; p=none; rua=mailto:a@example.net",
    "; at the beginning",
    "at the end;",
  ),
  texts("texts with spaces inside, one and several", "two words", "three  spaced   words"),
  texts("texts with a space at the end", "at the end ", "two at the end  "),
  texts("texts with a space at the beginning", " at the beginning"),
  texts("texts with backslashes", "a\\b", "at the end\\", "two \\\\ of them", 'before a quote \\" here'),
  texts("texts like escapes, which are none", "a\\065b", "100%25", "a\\nb", "$ORIGIN @ (x)"),
  texts("texts in other scripts than Latin", "café", "ключ=значение", "鍵=値", "🔑 key"),
  texts("texts that differ by case alone", "Case", "case", "CASE"),
]);
