import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../shared/access-types.js";
import type { EnvironmentOverview } from "../../shared/app-types.js";
import { attention } from "./attention.js";
import { auditWords, isGrave, matchesAudit } from "./audit-words.js";
import { daysLeftKind, daysLeftWords } from "./days-left.js";
import { everyUnlessUnseen } from "./every-unless-unseen.js";
import { expiring, TERMS, TOKEN_TERMS } from "./expiry.js";
import { createLineEditor } from "./line-editor.js";
import { passwordProblem } from "./password.js";
import { plain } from "./plain.js";
import { diffWords, signedNames } from "./release-diff.js";
import { bytes, counted, listed, money, shortDigest } from "./units.js";

const place = { app: "shop", environment: "production", provider: "local", protected: true };
const unasked = { refreshing: false, stale: false };
const calm: EnvironmentOverview = {
  ...place,
  service: {
    ...unasked,
    at: 1,
    value: { health: "ok", release: 3, urls: [], processes: [], problems: [] },
  },
  lastDeploy: unasked,
  domains: unasked,
  cost: unasked,
  feed: { state: "following" },
};

describe("how soon a page asks again", () => {
  it("is soon while a part was never seen, and as usual once it was seen or has failed", () => {
    const trouble = { code: "memory.down", message: "The vendor is down." };
    expect(
      everyUnlessUnseen(10_000, [
        { ...unasked, value: 1 },
        { ...unasked, refreshing: true },
      ]),
    ).toBe(2_000);
    expect(
      everyUnlessUnseen(10_000, [
        { ...unasked, value: 1 },
        { ...unasked, trouble },
      ]),
    ).toBe(10_000);
    expect(everyUnlessUnseen(10_000, [])).toBe(10_000);
    expect(everyUnlessUnseen(1_000, [unasked])).toBe(1_000);
  });
});

describe("what needs attention", () => {
  it("is nothing where all is well, and nothing is made up of what was never asked", () => {
    expect(attention([calm])).toEqual([]);
  });

  it("puts the grave first, whatever environment it is of", () => {
    const warned: EnvironmentOverview = {
      ...calm,
      lastDeploy: { ...unasked, value: { release: 4, state: "failed", at: 1, author: "maria" } },
    };
    const down: EnvironmentOverview = {
      ...calm,
      environment: "staging",
      service: {
        ...unasked,
        value: {
          health: "down",
          urls: [],
          problems: [],
          processes: [{ name: "web", desired: 1, running: 0, problems: ["crashed: exit code 1"] }],
        },
      },
    };
    expect(attention([warned, down]).map((one) => [one.environment, one.kind, one.text])).toEqual([
      ["staging", "bad", "web: crashed: exit code 1"],
      ["production", "warn", "Release 4 failed."],
    ]);
  });

  it("says that something is wrong even where nobody says what", () => {
    for (const health of ["down", "degraded"] as const) {
      const one: EnvironmentOverview = {
        ...calm,
        service: { ...unasked, value: { health, urls: [], processes: [], problems: [] } },
      };
      expect(attention([one])).toHaveLength(1);
    }
  });

  it("names a certificate that is nearly over, and not one that is renewed in time", () => {
    const days = (daysLeft: number): EnvironmentOverview => ({
      ...calm,
      domains: {
        ...unasked,
        value: {
          state: "ok",
          problems: [],
          hosts: [{ host: "a.example", state: "ok", certificate: { state: "issued", daysLeft } }],
        },
      },
    });
    expect(attention([days(14)])).toEqual([]);
    expect(attention([days(13)])).toMatchObject([{ kind: "warn", page: "domains" }]);
    expect(attention([days(-1)])).toMatchObject([
      { kind: "bad", text: "a.example: certificate expired 1 day ago." },
    ]);
  });

  it("says once that a provider cannot be read, although each part failed", () => {
    const trouble = { code: "provider.unreachable", message: "No answer." };
    const one: EnvironmentOverview = {
      ...calm,
      service: { ...unasked, trouble },
      lastDeploy: { ...unasked, trouble },
      domains: { ...unasked, trouble },
    };
    expect(attention([one]).map((found) => found.text)).toEqual(["Cannot be read: No answer."]);
    const noisy: EnvironmentOverview = {
      ...one,
      domains: { ...unasked, value: { state: "wrong", hosts: [], problems: ["No answer about a record."] } },
      feed: { state: "retrying", problem: "No answer." },
    };
    expect(attention([noisy]).map((found) => found.text)).toEqual(["Cannot be read: No answer."]);
  });

  it("counts what is wrong with many domains, beyond the first three", () => {
    const problems = ["a", "b", "c", "d", "e"];
    const one: EnvironmentOverview = {
      ...calm,
      domains: { ...unasked, value: { state: "wrong", hosts: [], problems } },
    };
    expect(attention([one]).map((found) => found.text)).toEqual([
      "a",
      "b",
      "c",
      "2 more problems with its domains.",
    ]);
  });
});

describe("text from outside", () => {
  it("cannot colour, move the cursor, set a title or turn the direction of a page", () => {
    expect(plain("\u001b[31mred\u001b[0m")).toBe("red");
    expect(plain("a\u001b]0;title\u0007b")).toBe("ab");
    expect(plain("user\u202egnp.exe")).not.toContain("\u202e");
    expect([...plain("a\u0000b\u0007")].every((character) => character >= " ")).toBe(true);
  });

  it("keeps its lines and what people write", () => {
    expect(plain("one\r\ntwo")).toBe("one\ntwo");
    expect(plain("größer 漢字 👩‍👧 <b>")).toBe("größer 漢字 👩‍👧 <b>");
  });
});

describe("a line that is typed without a terminal", () => {
  it("is shown as it is typed and sent with the Enter key", () => {
    const editor = createLineEditor();
    expect(editor.type("ls")).toEqual({ draw: "ls", send: "" });
    expect(editor.type("\r")).toEqual({ draw: "\r\n", send: "ls\n" });
  });

  it("can be corrected, dropped and ended", () => {
    const editor = createLineEditor();
    expect(editor.type("lx\u007fs\r").send).toBe("ls\n");
    expect(editor.type("rm -rf /\u0003").send).toBe("");
    expect(editor.type("\r").send).toBe("\n");
    expect(editor.type("x\u0004")).toEqual({ draw: "x", send: "" });
    expect(editor.type("\u0015\u0004").send).toBe("\u0004");
  });

  it("comes back with the arrows, and keys that mean nothing send nothing", () => {
    const editor = createLineEditor();
    editor.type("first\rsecond\r");
    editor.type("\u001b[A\u001b[A");
    expect(editor.type("\r").send).toBe("first\n");
    expect(editor.type("\u001b[5~\u001b[C\u001bOP\r").send).toBe("\n");
  });

  it("takes away whole characters", () => {
    const editor = createLineEditor();
    expect(editor.type("a🙂\u007f\r").send).toBe("a\n");
  });
});

describe("words", () => {
  it("says how long a certificate is good for", () => {
    expect([61, 1, 0, -2].map(daysLeftWords)).toEqual([
      "61 days left",
      "1 day left",
      "expires today",
      "expired 2 days ago",
    ]);
    expect([14, 13, 3, 2, -1].map(daysLeftKind)).toEqual(["good", "warn", "warn", "bad", "bad"]);
  });

  it("says what a release changed", () => {
    const none = { added: [], removed: [], changed: [] };
    expect(diffWords(undefined)).toBe("");
    expect(diffWords({ from: 3, config: none, secrets: none })).toBe("the same as release 3");
    const config = { added: ["B"], removed: ["C"], changed: ["A"] };
    expect(diffWords({ from: 3, image: { before: "a", after: "b" }, config, secrets: none })).toBe(
      "image, 3 config names since release 3",
    );
    expect(signedNames(config).map(({ sign, name }) => sign + name)).toEqual(["~A", "+B", "-C"]);
  });

  it("counts, lists and writes amounts", () => {
    expect([counted(1, "app"), counted(0, "app"), counted(2, "entry", "entries")]).toEqual([
      "1 app",
      "0 apps",
      "2 entries",
    ]);
    expect([listed([]), listed(["a"]), listed(["a", "b", "c"])]).toEqual(["", "a", "a, b and c"]);
    expect([bytes(999), bytes(1500), bytes(128_000_000)]).toEqual(["999 B", "1.5 kB", "128 MB"]);
    expect([money(25, "USD"), money(1200.4, "EUR"), money(3, "no such")]).toEqual([
      "$25.00",
      "€1,200",
      "3.00 no such",
    ]);
    expect(shortDigest("registry/shop@sha256:0123456789abcdef")).toBe("0123456789ab");
  });

  it("knows actions of the audit log, and shows those it does not know", () => {
    expect(auditWords("secrets.reveal")).toBe("revealed a secret");
    expect(auditWords("something.else-entirely")).toBe("something else entirely");
    expect(auditWords("constructor")).toBe("constructor");
    // As the log has them: what a person has set going here has a beginning and an end.
    expect(["rollback.start", "scale.done", "restart.failed"].map(auditWords)).toEqual([
      "began a rollback",
      "scaled",
      "failed to restart",
    ]);
    expect(["rollback.failed", "access.provider-failed"].every(isGrave)).toBe(true);
    expect([isGrave("sign-in.failed"), isGrave("secrets.reveal"), isGrave("sign-in")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("finds entries by all words that were typed, wherever they are", () => {
    const entry: AuditEntry = {
      id: 1,
      time: 0,
      actor: "maria@example.org",
      action: "secrets.reveal",
      app: "shop",
      subject: "STRIPE_KEY",
      hash: "",
    };
    expect(matchesAudit(entry, "")).toBe(true);
    expect(matchesAudit(entry, "MARIA stripe")).toBe(true);
    expect(matchesAudit(entry, "maria worker")).toBe(false);
  });

  it("gives for a term, or for good; tokens never for good, nor longer than the server takes", () => {
    expect(expiring("0", 5)).toEqual({});
    expect(expiring("3600000", 5)).toEqual({ expiresAt: 3_600_005 });
    expect(TERMS[0]?.value).toBe("0");
    for (const term of TOKEN_TERMS) {
      expect(Number(term.value)).toBeGreaterThan(0);
      expect(Number(term.value)).toBeLessThanOrEqual(366 * 86_400_000);
    }
  });

  it("refuses passwords that the server would refuse", () => {
    expect(passwordProblem("x".repeat(11))).toBeDefined();
    expect(passwordProblem("x".repeat(12))).toBeUndefined();
    expect(passwordProblem("x".repeat(257))).toBeDefined();
  });
});
