import { readFile } from "node:fs/promises";

/**
 * Parts of heroku-client that are different in the build.
 *
 * Its address parser calls `url.parse`, which Node 24 warns of (DEP0169): ours answers the same with `URL`. Its debug
 * output would print bodies, config vars among them, when somebody sets `DEBUG=http`: there is none. Where `SSL_CERT_DIR`
 * is set, it reads every certificate of that directory for every request, while everything else waits: now once.
 *
 * @returns {import("esbuild").Plugin}
 */
export function herokuClientParts() {
  return {
    name: "heroku-client-parts",
    setup(build) {
      build.onLoad({ filter: /heroku-client[\\/]lib[\\/]url\.js$/ }, () => ({
        contents: parser,
        loader: "js",
      }));
      build.onLoad({ filter: /heroku-client[\\/]lib[\\/]request\.js$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const pieces = text.split("getCerts(this.debug)");
        if (pieces.length !== 2) throw new Error(`${path} no longer reads its certificates as it did`);
        return {
          contents: `${pieces.join("(certificates ??= getCerts())")}\nlet certificates;\n`,
          loader: "js",
        };
      });
      build.onResolve({ filter: /^debug$/ }, ({ importer }) =>
        /heroku-client[\\/]lib[\\/]/.test(importer) ? { path: "debug", namespace: "nothing" } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: "nothing" }, () => ({
        contents: "module.exports = () => () => undefined;",
        loader: "js",
      }));
    },
  };
}

const parser = `module.exports = (text) => {
  const { hostname, port, protocol } = new URL(text.startsWith("http") ? text : "https://" + text);
  const secure = protocol === "https:";
  return { host: hostname.replace(/^\\[|\\]$/g, ""), port: port === "" ? (secure ? 443 : 80) : Number(port), secure };
};`;
