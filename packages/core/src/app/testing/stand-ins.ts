import type { Support } from "../../elements/capability.js";
import type { Provider } from "../../elements/provider.js";
import type { Target } from "../types.js";

type Element = "containers" | "images" | "logs" | "secrets" | "ingress" | "dns" | "certificates" | "addons";

/** What every element of a stand-in can do unless a test says otherwise: everything. */
const everything: Readonly<Record<Element, Readonly<Record<string, unknown>>>> = {
  containers: {
    releaseCommand: true,
    jobs: true,
    run: true,
    exec: true,
    scale: true,
    volumes: true,
    internalAddresses: true,
    atomicRelease: true,
    rollback: true,
    zeroDowntime: true,
  },
  images: { dockerfile: true, buildCommand: true, promotion: true },
  logs: { follow: true, history: true, releaseOutput: true, resume: true, retention: "A week." },
  secrets: { versions: true, reveal: true },
  ingress: {
    customHosts: true,
    redirects: true,
    wildcards: true,
    webSockets: true,
    certificateKinds: ["pem"],
  },
  dns: { apex: "flatten", types: ["A", "CNAME", "TXT"], wildcards: true, redirects: true },
  certificates: { kind: "pem", wildcards: true, proof: "dns" },
  addons: { kinds: { postgres: true, redis: true }, backup: true, restore: true, connect: true },
};

/** A reason not to do something, with a page about it. */
export const no: Support = { no: "the vendor has none", link: "https://example.org/why" };

/** A provider of these elements which declares capabilities and can be asked nothing else. */
export function standIn<const Name extends Element>(
  name: string,
  elements: readonly Name[],
  overrides: { readonly [Key in Name]?: Readonly<Record<string, unknown>> } = {},
): Provider & Required<Pick<Provider, Name>> {
  const parts = elements.map((element) => {
    const capabilities = { ...everything[element], ...overrides[element] };
    return [element, { capabilities }] as const;
  });
  return { spec: 1, name, credentials: {}, ...Object.fromEntries(parts) } as unknown as Provider &
    Required<Pick<Provider, Name>>;
}

/** A target which has all elements. */
export function fullTarget(
  name = "cloud",
  overrides: { readonly [Key in Element]?: Readonly<Record<string, unknown>> } = {},
): Target {
  return standIn(name, Object.keys(everything) as Element[], overrides);
}
