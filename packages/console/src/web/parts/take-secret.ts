import { useLayoutEffect, useState } from "preact/hooks";
import { dropHash, place } from "../router.js";
import { secretIn } from "./secret-in-hash.js";

/**
 * The secret of `#<name>=<secret>`, which is taken out of the address and out of the history at once; also when the
 * link is opened in a window that shows this page already. Undefined: there is none.
 */
export function useSecret(name: string): string | undefined {
  const { hash } = place.value;
  const [secret, setSecret] = useState(() => secretIn(hash, name));
  useLayoutEffect(() => {
    if (hash === "") return;
    const found = secretIn(hash, name);
    if (found !== undefined) setSecret(found);
    dropHash();
  }, [hash, name]);
  return secret;
}
