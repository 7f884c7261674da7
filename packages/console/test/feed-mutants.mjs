const feed = (name) => `packages/console/src/feed/${name}`;
const tests = (...names) => names.map((name) => feed(`${name}.test.ts`));

/** Kinds of secrets that are known by their look, each by what stands in the list of its hints. */
const LOOKS = [
  ["a password in a URL", '["://"]'],
  ["a key of AWS", '["AKIA", "ASIA"]'],
  ["a JSON Web Token", '["eyJ"]'],
  ["a token of GitHub", '["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"]'],
  ["a token of GitLab", '["glpat-"]'],
  ["a token of Slack", '["xox", "xapp-", "hooks.slack.com/"]'],
  ["a key of Stripe", '["_live_", "_test_", "whsec_"]'],
  ["a key of Heroku", '["HRKU-"]'],
  ["a token of this console", '["dpl_"]'],
  ["a token of npm", '["npm_"]'],
  ["a key of Google", '["AIza"]'],
  ["a key of SendGrid", '["SG."]'],
];

/**
 * Faults on the way of a line from a provider into the store.
 *
 * @type {readonly import("../../../scripts/lib/mutant-plugin.mjs").Mutant[]}
 */
export const FEED_MUTANTS = [
  ...LOOKS.map(([what, hints]) => ({
    rule: `${what} is stored as it is`,
    file: feed("secret-patterns.ts"),
    find: `hints: ${hints}`,
    replace: "hints: []",
    tests: tests("redact"),
  })),
  {
    rule: "password=… and its like are stored as they are",
    file: feed("secret-patterns.ts"),
    find: "return redactPairs(result);",
    replace: "return result;",
    tests: tests("redact"),
  },
  {
    rule: "a known secret is stored in base64",
    file: feed("secret-forms.ts"),
    find: "    ...base64FormsOf(value),\n",
    replace: "",
    tests: tests("known-values"),
  },
  {
    rule: "a known secret is stored as a URL has it",
    file: feed("secret-forms.ts"),
    find: "    url,\n",
    replace: "",
    tests: tests("known-values"),
  },
  {
    rule: "a line is cut before its secrets are looked for",
    file: feed("prepare-line.ts"),
    find: "text: text.slice(0, longestLook) });",
    replace: "text: cutLine(text) });",
    tests: tests("clean-lines"),
  },
  {
    rule: "a release that the platform tells of without its number brings no new secrets",
    file: feed("follower.ts"),
    find: "if (release > newestRelease || lines.some(isOfRelease)) {",
    replace: "if (release > newestRelease) {",
    tests: tests("clean-lines"),
  },
  {
    rule: "lines are stored while the secrets cannot be asked for",
    file: feed("secret-values.ts"),
    find: "      if (!DeployError.is(thrown) || thrown.retryable) throw thrown;\n",
    replace: "",
    tests: tests("clean-lines"),
  },
  {
    rule: "the cursor is not stored with the lines",
    file: feed("follower.ts"),
    find: "await writer.write(fresh, { source, cursor: writePlace(reached) });",
    replace: "await writer.write(fresh);",
    tests: tests("feed"),
  },
];
