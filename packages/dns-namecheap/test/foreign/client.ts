/** The process that is killed among foreign records: Namecheap is where NAMECHEAP_API_URL says. */
import { serveForeignClient } from "@deploy/conformance";
import { namecheap } from "../../src/index.js";

// Twenty calls a minute are Namecheap's limit: at this pace they are twenty a second.
serveForeignClient(() => namecheap(), { pace: 60 });
