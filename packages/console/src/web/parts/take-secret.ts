import { dropHash, place } from "../router.js";
import { secretIn } from "./secret-in-hash.js";

/** Takes `#<name>=<secret>` out of the address, and out of the history; undefined: there is none. */
export function takeSecret(name: string): string | undefined {
  const secret = secretIn(place.value.hash, name);
  if (place.value.hash !== "") dropHash();
  return secret;
}
