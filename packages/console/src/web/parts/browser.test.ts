import { describe, expect, it, vi } from "vitest";
import { openSocket, pauseBefore } from "./reconnecting-socket.js";
import { secretIn } from "./secret-in-hash.js";

describe("a secret behind the #", () => {
  it("is found by its name", () => {
    expect(secretIn("#link=abc%2Bdef", "link")).toBe("abc+def");
  });

  it("is none under another name, or when it is empty or malformed", () => {
    for (const hash of ["", "#", "#link", "#link=", "#invitation=x", "#link=%E0%A4%A"]) {
      expect(secretIn(hash, "link")).toBeUndefined();
    }
  });
});

describe("a socket that was lost", () => {
  it("is tried again later and later, never after more than twenty seconds", () => {
    expect([1, 2, 3].map((attempt) => pauseBefore(attempt, 0))).toEqual([500, 1000, 2000]);
    expect(pauseBefore(30, 1)).toBeLessThan(20_000);
  });

  it("opens again by itself, but not once the right to it has ended", () => {
    vi.useFakeTimers();
    vi.stubGlobal("window", { location: { href: "http://localhost/" } });
    const opened: { onclose?: (event: { code: number }) => void; onopen?: () => void }[] = [];
    vi.stubGlobal(
      "WebSocket",
      class {
        onclose?: (event: { code: number }) => void;
        onopen?: () => void;
        constructor() {
          opened.push(this);
        }
        close(): void {}
      },
    );
    const states: string[] = [];
    openSocket("/api/live", { message: () => {}, state: (state) => states.push(state) });
    opened[0]?.onopen?.();
    opened[0]?.onclose?.({ code: 1006 });
    vi.advanceTimersByTime(1000);
    expect(opened).toHaveLength(2);
    opened[1]?.onclose?.({ code: 1008 });
    vi.advanceTimersByTime(60_000);
    expect(opened).toHaveLength(2);
    expect(states).toEqual(["connecting", "open", "waiting", "connecting", "closed"]);
    vi.useRealTimers();
  });
});
