import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate authority for tests, and where its own certificate is. */
export interface TestAuthority {
  readonly file: string;
  /** Signs a certificate for some names, good for so many days. */
  issue(names: readonly string[], days: number): { readonly key: string; readonly cert: string };
  remove(): void;
}

/** Why there can be no authority; undefined where there can. */
export const authorityMissing: string | undefined =
  spawnSync("openssl", ["version"]).status === 0 ? undefined : "openssl is not here: apt-get install openssl";

/** Makes an authority in a directory of its own. */
export function testAuthority(name: string): TestAuthority {
  const directory = mkdtempSync(join(tmpdir(), "deploy-ca-"));
  const at = (file: string): string => join(directory, file);
  const openssl = (...words: string[]): unknown => execFileSync("openssl", words, { stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    ...["req", "-x509", ...newKey, "-keyout", at("ca.key"), "-out", at("ca.pem")],
    ...["-subj", `/O=${name}/CN=${name}`, "-days", "30"],
  );
  let serial = 1;
  return {
    file: at("ca.pem"),
    issue(names, days) {
      const [key, request, cert] = ["key", "csr", "pem"].map((kind) => at(`${serial}.${kind}`)) as [
        string,
        string,
        string,
      ];
      serial += 1;
      const alternatives = names.map((one) => `DNS:${one}`).join(",");
      openssl(
        ...["req", ...newKey, "-keyout", key, "-out", request, "-subj", "/CN=leaf"],
        ...["-addext", `subjectAltName=${alternatives}`],
      );
      openssl(
        ...["x509", "-req", "-in", request, "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-out", cert],
        ...["-set_serial", String(serial), "-days", String(days), "-copy_extensions", "copy"],
      );
      return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
