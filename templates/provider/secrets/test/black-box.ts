import type { Subject } from "@deploy/conformance";
import { nimbusCloud } from "../src/index.js";

const { NIMBUS_CLOUD_TOKEN: token } = process.env;

/** For `deploy provider test dist/index.js`, at the real vendor or at its double. */
export const conformance: Subject = {
  provider: () => nimbusCloud(),
  secrets: token === undefined ? [] : [token],
};
