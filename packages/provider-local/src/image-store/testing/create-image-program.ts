import { type CreateImageOptions, createImage } from "../create-image.js";

/** Makes the image described by the first argument, and says how it went. */
const options = JSON.parse(process.argv[2] ?? "") as CreateImageOptions;
createImage(options).then(
  (image) => process.send?.(image, () => process.exit(0)),
  (error: { readonly code?: string }) => process.send?.({ code: error.code }, () => process.exit(1)),
);
