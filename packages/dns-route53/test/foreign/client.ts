/** The process that is killed among foreign records: Route 53 is where AWS_ENDPOINT_URL says. */
import { serveForeignClient } from "@deploy/conformance";
import { route53 } from "../../src/index.js";

serveForeignClient(() => route53());
