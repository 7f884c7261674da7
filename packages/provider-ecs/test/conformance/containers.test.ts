import { conformanceOnMoto } from "../support/conformance-subject.js";

await conformanceOnMoto("containers");
