import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const path = (/** @type {string} */ place) => fileURLToPath(new URL(place, import.meta.url));

/**
 * Puts the templates beside the built program. A generated package asks for the versions of ours that it was made with,
 * which the template cannot know: there it says "*".
 */
export async function copyTemplates() {
  const target = path("../dist/templates");
  await rm(target, { recursive: true, force: true });
  await cp(path("../../../templates"), target, { recursive: true });
  const file = `${target}/provider/common/package.json`;
  const text = await readFile(file, "utf8");
  const manifest = JSON.parse(text);
  let changed = text;
  for (const name of Object.keys(manifest.devDependencies).filter((one) => one.startsWith("@deploy/"))) {
    const own = JSON.parse(
      await readFile(path(`../../${name.slice("@deploy/".length)}/package.json`), "utf8"),
    );
    changed = changed.replace(`"${name}": "*"`, `"${name}": "^${own.version}"`);
  }
  await writeFile(file, changed);
}
