import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificate } from "@deploy/heroku-double";
import { afterAll, beforeAll, describe, it } from "vitest";
import {
  expectToWork,
  hasProgram,
  type ProxiedConsole,
  proxiedHost,
  startProxied,
} from "./proxied-console.js";

/** The console behind the proxy of docs/console.md, as it is written there, with a certificate that vouches for itself. */
describe.skipIf(!hasProgram("nginx", ["-v"], "behind-nginx.test.ts"))(
  "behind nginx",
  { timeout: 60_000 },
  () => {
    let proxied: ProxiedConsole;

    beforeAll(async () => {
      proxied = await startProxied(async ({ directory, port, behind, snippet }) => {
        const { key, cert } = await makeCertificate(proxiedHost, { dns: [proxiedHost] });
        await writeFile(join(directory, "key.pem"), key, { mode: 0o600 });
        await writeFile(join(directory, "cert.pem"), cert);
        const site = (await snippet("nginx"))
          .replace("listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`)
          .replace("console.example.org", proxiedHost)
          .replace(
            "# ssl_certificate, ssl_certificate_key",
            `ssl_certificate ${directory}/cert.pem;\n  ssl_certificate_key ${directory}/key.pem;`,
          )
          .replace("127.0.0.1:4300", `127.0.0.1:${behind}`);
        const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
          .map((name) => `  ${name}_temp_path ${directory}/${name};`)
          .join("\n");
        const file = join(directory, "nginx.conf");
        await writeFile(
          file,
          `daemon off;\nmaster_process off;\npid ${directory}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n${places}\n${site}\n}\n`,
        );
        return { program: "nginx", words: ["-p", directory, "-e", "stderr", "-c", file] };
      });
    }, 60_000);
    afterAll(() => proxied?.end());

    it("signs in by a cookie for HTTPS alone, and streams lines over a WebSocket", () =>
      expectToWork(proxied));
  },
);
