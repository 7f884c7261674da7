import { REDACTED } from "./secret-forms.js";
import { redactPairs } from "./secret-pairs.js";

/** A kind of secret that is known by its look. */
interface Kind {
  /** Without one of these in it a line is not looked at. */
  readonly hints: readonly string[];
  readonly redact: (text: string) => string;
}

// No pattern may begin within a run of the characters that it takes: each run is then read once, and time stays linear.
const token = (pattern: RegExp): ((text: string) => string) => {
  return (text) => text.replace(pattern, REDACTED);
};

const kinds: readonly Kind[] = [
  { hints: ["://"], redact: redactUrlPasswords },
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: ids of access keys.
  { hints: ["AKIA", "ASIA"], redact: token(/(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])/g) },
  // A JSON Web Token: header and payload are JSON objects, and `{"` is `eyJ` in base64.
  { hints: ["eyJ"], redact: token(/(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*){1,4}/g) },
  // https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
  {
    hints: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
    redact: token(/(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/g),
  },
  { hints: ["glpat-"], redact: token(/(?<![\w-])glpat-[\w-]{16,}/g) },
  {
    hints: ["xox", "xapp-", "hooks.slack.com/"],
    redact: token(
      /(?<![\w-])(?:xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,})|(?<=hooks\.slack\.com\/services\/)[\w/]{10,}/g,
    ),
  },
  {
    hints: ["_live_", "_test_", "whsec_"],
    redact: token(/(?<![A-Za-z0-9_])(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,})/g),
  },
  { hints: ["HRKU-"], redact: token(/(?<![\w-])HRKU-[\w-]{30,}/g) },
  { hints: ["dpl_"], redact: token(/(?<![\w-])dpl_[\w-]{16,}/g) },
  { hints: ["npm_"], redact: token(/(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/g) },
  { hints: ["AIza"], redact: token(/(?<![\w-])AIza[\w-]{35}(?![\w-])/g) },
  { hints: ["SG."], redact: token(/(?<![\w.-])SG\.[\w-]{16,}\.[\w-]{16,}/g) },
];

/** Replaces what looks like a secret, whoever's it is, within one line. */
export function redactPatterns(text: string): string {
  let result = text;
  for (const { hints, redact } of kinds) {
    for (const hint of hints) {
      if (!result.includes(hint)) continue;
      result = redact(result);
      break;
    }
  }
  return redactPairs(result);
}

/** Characters that end the part of a URL in which user and password are; a backslash may be the escape of a quote. */
const authorityEnd = /[\s/?#"'<>`\\|]/g;

/** `postgres://maria:<redacted>@db`: a password may have an `@` in it, so the last one counts. */
function redactUrlPasswords(text: string): string {
  let result = "";
  let copied = 0;
  for (let at = text.indexOf("://"); at !== -1; at = text.indexOf("://", at + 3)) {
    const from = at + 3;
    authorityEnd.lastIndex = from;
    const end = authorityEnd.exec(text)?.index ?? text.length;
    const authority = text.slice(from, end);
    const sign = authority.lastIndexOf("@");
    const colon = authority.indexOf(":");
    if (colon !== -1 && sign > colon + 1) {
      result += text.slice(copied, from + colon + 1) + REDACTED;
      copied = from + sign;
    }
  }
  return copied === 0 ? text : result + text.slice(copied);
}
