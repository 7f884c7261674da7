import { dirname, join } from "node:path";

/** Where the output of an image's build is kept, beside the image: each release made of it shows it as its own. */
export function buildLogOf(imagePath: string): string {
  return join(dirname(imagePath), "build.log");
}
