import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { codeBlocks } from "./lib/markdown.mjs";
import { ROOT, run, tool } from "./lib/run.mjs";

/*
 * Compiles every ```ts block of the READMEs and of docs/ against the built packages, as a user's editor would. A block
 * whose first line is `// deploy.config.ts` is that file, for the other blocks of the same page to import. A block in a
 * fence ```ts no-check is a sketch and left out.
 */

const cache = join(ROOT, "node_modules/.cache");
await mkdir(cache, { recursive: true });
// Inside the repository, so that @deploy/core is found where npm has put it.
const directory = await mkdtemp(join(cache, "examples-"));
try {
  const count = await writeBlocks();
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      extends: join(ROOT, "tsconfig.base.json"),
      compilerOptions: { paths: {}, isolatedDeclarations: false, declaration: false, noUnusedLocals: false },
      include: ["."],
    }),
  );
  const { code, output } = count === 0 ? { code: 0, output: "" } : await run([tool("tsc"), "-p", directory]);
  const prefix = `${relative(ROOT, directory)}/`;
  console.log(output.replaceAll(prefix, "").trim());
  console.log(`${count} blocks of code in Markdown compiled`);
  process.exitCode = code;
} finally {
  await rm(directory, { recursive: true, force: true });
}

/** @returns {Promise<number>} How many blocks there are. */
async function writeBlocks() {
  let count = 0;
  for (const page of await pages()) {
    for (const { language, line, text } of codeBlocks(await readFile(join(ROOT, page), "utf8"))) {
      if (language !== "ts") continue;
      const named = /^\/\/ ([\w.-]+\.ts)\n/.exec(text)?.[1];
      const file = join(directory, page.replace(/\.md$/, ""), named ?? `line-${line}.ts`);
      await mkdir(dirname(file), { recursive: true });
      // Blocks are modules: two of them may use the same names.
      await writeFile(file, `${text}\nexport {};\n`);
      count++;
    }
  }
  return count;
}

/** Pages that users read; decisions speak of the past. */
async function pages() {
  const found = ["README.md", "CONTRIBUTING.md"];
  for (const area of ["packages", "examples"]) {
    for (const name of await readdir(join(ROOT, area))) found.push(join(area, name, "README.md"));
  }
  for (const entry of await readdir(join(ROOT, "docs"), { recursive: true })) {
    if (entry.endsWith(".md") && !entry.startsWith("decisions")) found.push(join("docs", entry));
  }
  const exists = await Promise.all(
    found.map((page) =>
      readFile(join(ROOT, page)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.filter((_, index) => exists[index]);
}
