/** Names of dyno sizes that Heroku has given up, and what took their place (Dev Center, "Dyno types"). */
const SUCCESSORS: Readonly<Record<string, string | undefined>> = {
  free: undefined,
  hobby: "basic",
  "1x": "standard-1x",
  "2x": "standard-2x",
  px: "performance-l",
};

/** The present name of a dyno size as it stands in a manifest or in an answer of the API; undefined: take the default. */
export function presentSize(size: string): string | undefined {
  const name = size.toLowerCase();
  return name in SUCCESSORS ? SUCCESSORS[name] : name;
}
