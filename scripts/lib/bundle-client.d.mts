export function bundleClient(entry: string, directory: string): Promise<string>;
