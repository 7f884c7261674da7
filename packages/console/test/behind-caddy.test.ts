import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import {
  expectToWork,
  hasProgram,
  type ProxiedConsole,
  proxiedHost,
  startProxied,
} from "./proxied-console.js";

/** The console behind the proxy of docs/console.md, as it is written there, with a certificate of Caddy's own. */
describe.skipIf(!hasProgram("caddy", ["version"], "behind-caddy.test.ts"))(
  "behind Caddy",
  { timeout: 60_000 },
  () => {
    let proxied: ProxiedConsole;

    beforeAll(async () => {
      proxied = await startProxied(async ({ directory, port, behind, snippet }) => {
        const site = (await snippet("caddyfile"))
          .replace("console.example.org {", `${proxiedHost}:${port} {\n\ttls internal`)
          .replace("127.0.0.1:4300", `127.0.0.1:${behind}`);
        const file = join(directory, "Caddyfile");
        const rest = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n";
        await writeFile(file, `${rest}${site}`);
        return { program: "caddy", words: ["run", "--config", file, "--adapter", "caddyfile"] };
      });
    }, 60_000);
    afterAll(() => proxied?.end());

    it("signs in by a cookie for HTTPS alone, and streams lines over a WebSocket", () =>
      expectToWork(proxied));
  },
);
