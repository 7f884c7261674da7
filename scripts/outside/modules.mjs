import { join } from "node:path";
import { succeed, writeFiles } from "./outside.mjs";

/**
 * `import` and `require()` of every entry point of every package.
 *
 * @param {import("./outside.mjs").Outside} outside
 */
export async function modules({ check, manifests, project }) {
  for (const { name, exports = {} } of Object.values(manifests)) {
    for (const path of Object.keys(exports).filter((one) => !one.endsWith(".json"))) {
      const entry = join(name, path);
      const file = `modules/${entry.replaceAll(/[^a-z-]/g, "_")}`;
      await writeFiles(project, {
        [`${file}.mjs`]: `import * as all from "${entry}";\nconsole.log(Object.keys(all).sort().join());\n`,
        [`${file}.cjs`]: `console.log(Object.keys(require("${entry}")).sort().join());\n`,
      });
      await check(`import and require() of ${entry}`, async () => {
        const [imported = "", required] = await Promise.all(
          ["mjs", "cjs"].map((kind) =>
            succeed([process.execPath, "--no-warnings", `${file}.${kind}`], { cwd: project }),
          ),
        );
        if (imported.trim() === "") throw new Error("it exports nothing");
        if (imported !== required) throw new Error(`import gives ${imported}, require() ${required}`);
      });
    }
  }
}
