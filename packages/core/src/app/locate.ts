/** The 1-based line of a place in a configuration file. */
export function locate(_text: string, _file: string, _path: readonly string[]): number | undefined {
  return undefined;
}
