import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

/**
 * The licences of everything that a build has taken in, as `THIRD-PARTY-NOTICES` beside it: most of them ask for that.
 *
 * @returns {import("esbuild").Plugin}
 */
export function thirdPartyNotices() {
  return {
    name: "third-party-notices",
    setup(build) {
      build.initialOptions.metafile = true;
      build.onEnd(async ({ metafile }) => {
        if (metafile === undefined) return;
        const folders = new Set();
        for (const output of Object.values(metafile.outputs)) {
          for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
            const folder = bytesInOutput > 0 ? packageFolder(path) : undefined;
            if (folder !== undefined) folders.add(resolve(folder));
          }
        }
        const notices = await Promise.all([...folders].map(noticeOf));
        const outdir = build.initialOptions.outdir ?? "dist";
        await mkdir(outdir, { recursive: true });
        await writeFile(join(outdir, "THIRD-PARTY-NOTICES"), notices.sort().join(`\n${"-".repeat(80)}\n\n`));
      });
    },
  };
}

/** @param {string} path */
function packageFolder(path) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

/** @param {string} folder */
async function noticeOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder))
    .filter((file) => /^(?:licen[cs]e|notice|copying)(?:\.\w+)?$/i.test(file))
    .sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return `${name} ${version} (${license})\n\n${texts.join("\n")}`;
}
