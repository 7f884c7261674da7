import { accessSync, constants, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** Why journeys skip; undefined: there is a Chromium on the PATH. */
export const noBrowser: string | undefined =
  findChromium() === undefined ? "no chromium on the PATH (apt-get install chromium)" : undefined;

/** How a page is looked at. */
export interface Look {
  readonly name: string;
  readonly dark?: boolean;
  /** Pixels. Default 1280 × 800. */
  readonly width?: number;
  readonly height?: number;
}

/** The looks that every page is held against: light, dark, and as wide as a small phone. */
export const LOOKS: readonly Look[] = [
  { name: "light" },
  { name: "dark", dark: true },
  { name: "narrow", width: 360, height: 740 },
];

/** Starts the Chromium of this machine. Throws when there is none: suites skip by {@link noBrowser}. */
export async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(noBrowser);
  return await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--expose-gc"],
    // People have scrollbars.
    ignoreDefaultArgs: ["--hide-scrollbars"],
  });
}

/** A browser of somebody: cookies and storage of its own, addresses below `baseURL`, Berlin's time. */
export async function contextOf(
  browser: Browser,
  baseURL: string,
  look: Look = LOOKS[0]!,
): Promise<BrowserContext> {
  return await browser.newContext({
    baseURL,
    colorScheme: look.dark ? "dark" : "light",
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
  });
}

/**
 * Collects what the page does that it must not: script errors, what the policy has refused, requests to other hosts.
 * Called before the page is opened.
 */
export function watchPage(page: Page, url: string): readonly string[] {
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // A refused request is told by the page itself, and is often what a test is about.
    if (message.type() !== "error" || message.text().startsWith("Failed to load resource")) return;
    wrong.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const at = request.url();
    if (!/^(?:data|blob):/.test(at) && new URL(at).host !== new URL(url).host) wrong.push(`elsewhere: ${at}`);
  });
  return wrong;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
  }[];
}

/** What axe finds of serious or critical weight: the rule, where, and why. */
export async function seriousViolations(page: Page): Promise<readonly string[]> {
  // By the debugger, which the page's policy does not hold: a script element would be refused.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResult>(
    `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] })`,
  );
  return violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .flatMap((one) =>
      one.nodes.slice(0, 5).map((node) => `${one.id}: ${node.target.join(" ")} ${node.failureSummary}`),
    );
}

/** Pixels by which the page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return await page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
}

const SCREENSHOTS = fileURLToPath(new URL("../screenshots/", import.meta.url));

/** Keeps a picture of the page, for people to look at: of what the window shows, or of the whole of it. */
export async function picture(
  page: Page,
  name: string,
  options: { readonly whole?: boolean } = {},
): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: options.whole === true });
}

function findChromium(): string | undefined {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      try {
        accessSync(join(directory, name), constants.X_OK);
        return join(directory, name);
      } catch {
        // The next one.
      }
    }
  }
  return undefined;
}
