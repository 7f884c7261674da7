/**
 * Where a browser goes once it is signed in: a path of ours, else the overview.
 *
 * Anything that a browser could read as another host (`//host`, `/\host`, a control character that it drops) is none.
 */
export function returnPath(wanted: string | null, origin: string): string {
  if (wanted === null || wanted.length > 2_000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted)) return "/";
  if (wanted.includes("\\") || !URL.canParse(wanted, origin)) return "/";
  const url = new URL(wanted, origin);
  if (url.origin !== new URL(origin).origin) return "/";
  const path = `${url.pathname}${url.search}${url.hash}`;
  // Dots may have left two slashes at its beginning; and whoever is signed in does not want to sign in.
  return path.startsWith("//") || /^\/(?:api|sign-in|invitation)(?:[/?#]|$)/.test(path) ? "/" : path;
}
