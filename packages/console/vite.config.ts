import { defineConfig } from "vite";

/** What the browser gets: no CDN, no inline script, names by content so that it may be kept for ever. */
export default defineConfig({
  root: "src/web",
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../dist/public",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What most pages share is one file that comes beside the first: pieces of some hundred bytes would come in turns.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: "shared",
              test: /src\/web\/(?:components|parts)\/|src\/web\/use-resource|src\/shared\//,
              minShareCount: 6,
            },
          ],
        },
      },
    },
  },
});
