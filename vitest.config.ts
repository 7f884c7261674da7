import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { mutantPlugin } from "./scripts/lib/mutant-plugin.mjs";

const source = (name: string, file = "index"): string =>
  fileURLToPath(new URL(`./packages/${name}/src/${file}.ts`, import.meta.url));

const double = (name: string): string =>
  fileURLToPath(new URL(`./doubles/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  plugins: mutantPlugin(),
  resolve: {
    alias: {
      "@deploy/core": source("core"),
      "@deploy/console/access": source("console", "provider/index"),
      "@deploy/console": source("console"),
      "@deploy/provider-local": source("provider-local"),
      "@deploy/provider-ecs": source("provider-ecs"),
      "@deploy/provider-heroku": source("provider-heroku"),
      "@deploy/dns-cloudflare": source("dns-cloudflare"),
      "@deploy/dns-route53": source("dns-route53"),
      "@deploy/dns-namecheap": source("dns-namecheap"),
      "@deploy/heroku-double": double("heroku"),
      "@deploy/powerdns-double": double("powerdns"),
      "@deploy/cloudflare-double": double("cloudflare"),
      "@deploy/namecheap-double": double("namecheap"),
      "@deploy/github-double": double("github"),
      "@deploy/conformance/vitest": source("conformance", "vitest"),
      "@deploy/conformance": source("conformance"),
    },
  },
  test: {
    include: [
      "packages/*/{src,test}/**/*.test.ts",
      "doubles/*/{src,test}/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "scripts/**/*.test.ts",
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What is waited for comes soon on a quiet machine; on a busy one a second is not much.
    expect: { poll: { timeout: 10_000 } },
    pool: "forks",
    maxWorkers: 2,
  },
});
