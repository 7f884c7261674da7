import { describe, expect, it } from "vitest";
import { networkOf } from "./network.js";

describe("networks", () => {
  it("an IPv6 address counts by its first 64 bits, an IPv4 one as it is", () => {
    expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:db8:1:2::9")).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:db8:1:3::9")).not.toBe(networkOf("2001:db8:1:2::9"));
    expect(networkOf("::ffff:198.51.100.7")).toBe("198.51.100.7");
    expect(networkOf("::ffff:c633:6407")).toBe("198.51.100.7");
    expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
    expect(networkOf("::1")).toBe("0:0:0:0::/64");
    expect(networkOf("198.51.100.7")).toBe("198.51.100.7");
    expect(networkOf("rubbish")).toBe("unknown");
  });
});
