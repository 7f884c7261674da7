export type { ImageBuild } from "./content-digest.js";
export { type CreatedImage, type CreateImageOptions, createImage } from "./create-image.js";
export { type ContextDigest, type HashContextOptions, hashContext } from "./hash-context.js";
export type { OnOutput } from "./run-build.js";
export {
  type ImagesOfApp,
  listImages,
  pruneImages,
  type StoredImage,
} from "./stored-images.js";
