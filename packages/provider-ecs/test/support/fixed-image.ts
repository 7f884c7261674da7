import { type ImagePlan, type Images, output, type Provider, type Resource } from "@deploy/core";

/**
 * Images that are there already, for tests of everything else on an emulator that runs none: one digest for each version.
 *
 * @param version What the digest is made of: another one is another image.
 */
export function fixedImage(version: string): Provider & { readonly images: Images } {
  const hex = Buffer.from(version).toString("hex").padEnd(64, "0").slice(0, 64);
  const digest = `sha256:${hex}`;
  const image = { digest, location: `123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@${digest}` };
  return {
    spec: 1,
    name: "fixed-image",
    credentials: {},
    images: {
      capabilities: { dockerfile: true, buildCommand: true, promotion: true },
      async image(): Promise<ImagePlan> {
        const gate: Resource<object, typeof image> = {
          id: "fixed-image",
          provider: "fixed-image",
          element: "images",
          label: `image ${version}`,
          desired: {},
          read: async () => image,
        };
        return { resources: [gate], image: output(gate, (found) => found) };
      },
    },
  };
}
