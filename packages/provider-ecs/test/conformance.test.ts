import { conformance } from "@deploy/conformance/vitest";
import { describe } from "vitest";
import { ecsSubject } from "./support/conformance-subject.js";
import { has } from "./support/needs.js";
import { useVendor } from "./support/use-vendor.js";

describe.skipIf(!(await has("python")))("on moto", () => {
  const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });
  conformance(ecsSubject(vendor));
});
