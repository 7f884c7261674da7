import { generate } from "selfsigned";

/** A certificate that vouches for itself and its key, PEM; good for two days. Made without a program of the machine. */
export async function makeCertificate(
  commonName: string,
  names: { readonly dns?: readonly string[]; readonly ip?: readonly string[] } = {},
): Promise<{ key: string; cert: string }> {
  const { dns = [], ip = [] } = names;
  const alternatives = [
    ...dns.map((value) => ({ type: 2, value }) as const),
    ...ip.map((address) => ({ type: 7, ip: address }) as const),
  ];
  const made = await generate([{ name: "commonName", value: commonName }], {
    ...{ keyType: "ec", curve: "P-256", algorithm: "sha256" },
    notAfterDate: new Date(Date.now() + 2 * 86_400_000),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      ...(alternatives.length === 0 ? [] : [{ name: "subjectAltName", altNames: alternatives } as const]),
    ],
  });
  return { key: made.private, cert: made.cert };
}
