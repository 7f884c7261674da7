/** The process that is killed among foreign records: Cloudflare is where CLOUDFLARE_DOUBLE says. */
import { serveForeignClient } from "@deploy/conformance";
import { cloudflare } from "../../src/index.js";

serveForeignClient(() => cloudflare({ endpoint: process.env.CLOUDFLARE_DOUBLE ?? "" }));
