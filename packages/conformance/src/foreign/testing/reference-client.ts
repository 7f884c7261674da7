import { referenceProvider } from "../../reference/provider.js";
import { serveForeignClient } from "../client.js";

/*
 * The reference provider in a process of its own: its vendor, which is somewhere else, is found by REFERENCE_URL.
 */

const vendorAt = process.env.REFERENCE_URL ?? "";
const plain = globalThis.fetch;
globalThis.fetch = ((input, init) => {
  const asked = new URL(String(input));
  return plain(new URL(asked.pathname + asked.search, vendorAt), init);
}) as typeof fetch;

serveForeignClient(() => referenceProvider({ name: "names", vendor: "context" }));
