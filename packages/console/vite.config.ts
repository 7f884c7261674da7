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
  },
});
