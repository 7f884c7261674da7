import { spawn } from "node:child_process";

/**
 * Opens the browser, where the system has a way to.
 *
 * Only addresses without a secret: others on the machine see the arguments of every program.
 */
export function openBrowser(url: string, platform: NodeJS.Platform = process.platform): void {
  const child = spawn(platform === "darwin" ? "open" : "xdg-open", [url], {
    stdio: "ignore",
    detached: true,
  });
  // Without a desktop there is nothing to open; the address has been printed.
  child.on("error", () => undefined);
  child.unref();
}
