import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

/**
 * Behind a proxy with certificates of its own, npm learns of them through NODE_EXTRA_CA_CERTS; the tests run without
 * that variable, since it slows every start of Node. This tells npm, and npm alone.
 *
 * @param {string} directory Where a file may be written.
 * @returns {Promise<Record<string, string>>} Variables for the environment.
 */
export async function registryCertificates(directory) {
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  if (!extra || process.env.npm_config_cafile) return {};
  const own = await readFile(extra, "utf8").catch(() => undefined);
  if (own === undefined) return {};
  const file = join(directory, "certificates.pem");
  await writeFile(file, `${own}\n${rootCertificates.join("\n")}\n`);
  return { npm_config_cafile: file };
}
