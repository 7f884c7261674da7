import assert from "node:assert/strict";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../lib/run.mjs";
import { fileDependencies } from "./install.mjs";
import { installing, succeed, writeFiles } from "./outside.mjs";

/**
 * `deploy provider new` in an empty directory, for each element: it installs, builds, type-checks, passes the kit from
 * inside and from outside, and deploys something.
 *
 * @param {import("./outside.mjs").Outside} outside
 */
export async function template({ check, directory, project, tarballs }) {
  const place = join(directory, "new");
  const cli = join(project, "node_modules/@deploy/cli/dist/deploy.js");
  await writeFiles(place, {});
  const env = { ...process.env, CI: "1", HOME: directory };
  /** @type {string | undefined} */
  let modules;
  for (const element of ["dns", "secrets"]) {
    const root = join(place, `deploy-provider-acme-${element}`);
    const inRoot = { cwd: root, env: installing({ HOME: directory }) };
    const generated = await check(`deploy provider new acme-${element}`, async () => {
      const argv = [cli, "provider", "new", `acme-${element}`, `--element=${element}`, `--directory=${root}`];
      await succeed([process.execPath, ...argv], { env });
      const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((one) =>
        one.isFile(),
      );
      for (const { parentPath, name } of files) {
        assert.doesNotMatch(`${name}${await readFile(join(parentPath, name), "utf8")}`, /nimbus/i, name);
      }
      const again = await run([process.execPath, ...argv], { env });
      assert.equal(again.code, 1, "it writes over what is there");
    });
    if (!generated) continue;
    const installed = await check(`acme-${element}: npm install`, async () => {
      if (modules !== undefined) return symlink(modules, join(root, "node_modules"));
      await useTarballs(root, tarballs);
      await succeed(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], inRoot);
      modules = join(root, "node_modules");
    });
    if (!installed) continue;
    await check(`acme-${element}: npm run build`, async () => {
      await succeed(["npm", "run", "build"], inRoot);
      assert.match(await readFile(join(root, "README.md"), "utf8"), /`ACME_(?:DNS|SECRETS)_TOKEN`.*yes/);
    });
    await check(`acme-${element}: npm run typecheck`, () => succeed(["npm", "run", "typecheck"], inRoot));
    await check(`acme-${element}: npm test`, () => succeed(["npm", "test"], inRoot));
    await check(`acme-${element}: deploy provider test`, async () => {
      const vendor = await import(join(root, "test/vendor.mjs"));
      const double = await vendor.startVendor();
      try {
        const options = { cwd: root, env: { ...env, ...double.env } };
        const { code, output } = await run(
          [process.execPath, cli, "provider", "test", "dist/index.js"],
          options,
        );
        assert.match(
          output,
          /: [1-9]\d* passed, 0 failed, \d+ skipped, 0 expected failures/,
          failures(output),
        );
        assert.equal(code, 0);
      } finally {
        double.close();
      }
    });
  }
}

/**
 * What is worth reading of a report.
 *
 * @param {string} output
 */
function failures(output) {
  return output
    .split("\n")
    .filter((line) => /^(?:✖| {4}|\S+: \d)/.test(line))
    .join("\n");
}

/**
 * Our packages are not in the registry before they are published: the generated package gets them from their tarballs.
 *
 * @param {string} root
 * @param {Readonly<Record<string, string>>} tarballs
 */
async function useTarballs(root, tarballs) {
  const file = join(root, "package.json");
  const manifest = JSON.parse(await readFile(file, "utf8"));
  Object.assign(manifest.devDependencies, fileDependencies(tarballs));
  await writeFile(file, JSON.stringify(manifest, null, 2));
}
