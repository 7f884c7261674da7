import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What is compared with, exactly. */
const PACKAGES = ["octodns==1.22.0", "octodns-cloudflare==1.2.0", "requests", "pyyaml"];

/**
 * Installs OctoDNS into a virtual environment below `directory`.
 *
 * @param {string} directory
 * @returns {Promise<string | undefined>} its program; undefined where there is no Python, venv or package index.
 */
export async function installOctoDns(directory) {
  const home = join(directory, "octodns");
  const made = await run("python3", ["-m", "venv", home], 120_000);
  if (made.code !== 0) return undefined;
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PACKAGES];
  const installed = await run(join(home, "bin", "python"), pip, 240_000);
  return installed.code === 0 ? join(home, "bin", "octodns-sync") : undefined;
}

/**
 * Runs OctoDNS against a zone whose first `changed` records are to be others; at most `limitMs`.
 *
 * @param {string} program
 * @param {string} directory
 * @param {{ url: string, token: string, zone: string, records: number, changed: number, apply: boolean, limitMs: number }} wanted
 * @returns {Promise<{ wall: number, finished: boolean }>} milliseconds.
 */
export async function runOctoDns(program, directory, wanted) {
  const { url, token, zone, records, changed, apply, limitMs } = wanted;
  const source = join(directory, `zones-${changed}`);
  await mkdir(source, { recursive: true });
  // JSON is YAML.
  const entries = Array.from({ length: records }, (_, index) => {
    const value = `${index < changed ? 11 : 10}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
    return [`n${index}`, { type: "A", ttl: 300, value }];
  });
  entries.sort(([one], [other]) => (one < other ? -1 : 1));
  await writeFile(join(source, `${zone}.yaml`), JSON.stringify(Object.fromEntries(entries)));
  const config = join(directory, `octodns-${changed}.yaml`);
  await writeFile(
    config,
    JSON.stringify({
      providers: {
        files: {
          class: "octodns.provider.yaml.YamlProvider",
          directory: source,
          enforce_order: false,
          default_ttl: 300,
        },
        cloudflare: {
          class: "octodns_cloudflare.CloudflareProvider",
          token,
          api_url: url,
          pagerules: false,
        },
      },
      zones: { [`${zone}.`]: { sources: ["files"], targets: ["cloudflare"] } },
    }),
  );
  const args = [`--config-file=${config}`, "--quiet", ...(apply ? ["--doit", "--force"] : [])];
  const { code, wall, stderr } = await run(program, args, limitMs);
  if (code !== 0 && code !== null) throw new Error(`OctoDNS ended with ${code}: ${stderr.slice(-2000)}`);
  return { wall, finished: code === 0 };
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {number} limitMs
 * @returns {Promise<{ code: number | null, wall: number, stderr: string }>} code null: it was stopped.
 */
function run(program, args, limitMs) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: limitMs,
      killSignal: "SIGKILL",
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.once("error", (error) => resolve({ code: 127, wall: 0, stderr: String(error) }));
    child.once("close", (code) => resolve({ code, wall: performance.now() - started, stderr }));
  });
}
