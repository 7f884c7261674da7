/** Below this many characters a secret is also an ordinary word, and hiding it would garble every sentence. */
const shortestSecret = 6;

/** Takes values of secrets out of lines of output: as they are, line by line, and as they stand in URLs and in Base64. */
export function hideSecrets(values: readonly string[]): (line: string) => string {
  const forms = new Set<string>();
  for (const value of values.flatMap((one) => [one.trim(), ...one.split(/\r?\n/)])) {
    if (value.length < shortestSecret) continue;
    forms.add(value);
    forms.add(encodeURIComponent(value));
    forms.add(Buffer.from(value).toString("base64"));
  }
  const longestFirst = [...forms].sort((one, other) => other.length - one.length);
  return (line) =>
    longestFirst.reduce(
      (clean, form) => (clean.includes(form) ? clean.replaceAll(form, "<redacted>") : clean),
      line,
    );
}
