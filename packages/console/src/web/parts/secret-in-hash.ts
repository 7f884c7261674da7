/** What `#<name>=…` holds. */
export function secretIn(hash: string, name: string): string | undefined {
  const prefix = `#${name}=`;
  if (!hash.startsWith(prefix) || hash.length === prefix.length) return undefined;
  try {
    return decodeURIComponent(hash.slice(prefix.length));
  } catch {
    return undefined;
  }
}
