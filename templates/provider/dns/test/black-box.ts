import type { Subject } from "@deploy/conformance";
import { nimbusCloud } from "../src/index.js";

const { NIMBUS_CLOUD_TOKEN: token, NIMBUS_CLOUD_ZONE: zone } = process.env;

/** For `deploy provider test dist/index.js`, at the real vendor or at its double: records are made in this zone. */
export const conformance: Subject = {
  provider: () => nimbusCloud(),
  secrets: token === undefined ? [] : [token],
  ...(zone === undefined ? {} : { fixtures: { zone: { name: zone } } }),
};
