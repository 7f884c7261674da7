import { describe, expect, it } from "vitest";
import { type Context, systemClock } from "../context.js";
import { createLimiter } from "../engine/rate-limit.js";
import { DeployError } from "../errors.js";
import { changeZone, listNow } from "./dns-lane.js";
import type { Dns, DnsRecordChange, ObservedRecordSet } from "./traffic.js";

const zone = "example.org";

interface Vendor extends Dns {
  /** Called when a batch arrives. */
  applying: () => void;
  readonly calls: string[];
  readonly records: Map<string, ObservedRecordSet>;
}

/** A vendor with transactions: a batch is done whole or not at all. */
function vendor(refuse: (change: DnsRecordChange) => DeployError | undefined = () => undefined): Vendor {
  const calls: string[] = [];
  const records = new Map<string, ObservedRecordSet>();
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
  const own: Vendor = {
    calls,
    records,
    applying: () => undefined,
    capabilities: { apex: "flatten", types: ["A"], wildcards: true, redirects: { no: "it does not" } },
    zones: async () => [zone],
    list: async (context) => {
      context.signal.throwIfAborted();
      calls.push("list");
      const now = [...records.values()];
      await pause();
      return now;
    },
    apply: async (context, _zone, changes) => {
      context.signal.throwIfAborted();
      calls.push(`apply ${changes.length}`);
      own.applying();
      await pause();
      for (const change of changes) {
        const error = refuse(change);
        if (error !== undefined) throw error;
      }
      for (const change of changes) {
        if (change.action === "delete") records.delete(change.before.name);
        else records.set(change.record.name, { ...change.record, marker: change.marker });
      }
    },
  };
  return own;
}

function context(extra: Partial<Context> = {}): Context {
  return {
    signal: new AbortController().signal,
    env: {},
    fetch,
    clock: systemClock,
    log: () => {},
    output: () => {},
    directory: "/",
    shared: (_key, load) => load(),
    ...extra,
  };
}

const make = (dns: Vendor, name: string, own = context()): Promise<string> =>
  changeZone(own, dns, zone, (draft) => {
    draft.put({ name, type: "A", values: ["192.0.2.1"] }, "ours", draft.at(name)[0]);
    return name;
  });

const refusal = (code = "vendor.bad-record"): DeployError => new DeployError({ code, message: "No." });

describe("the lane of a zone", () => {
  it("lists once and applies once for all that come while it lists, and again for those that come later", async () => {
    const dns = vendor();
    const late: Promise<string>[] = [];
    dns.applying = () => {
      dns.applying = () => undefined;
      late.push(make(dns, "late.example.org"), make(dns, "later.example.org"));
    };
    const early = Array.from({ length: 50 }, (_, index) => make(dns, `h${index}.example.org`));
    expect(await Promise.all(early)).toHaveLength(50);
    await Promise.all(late);
    expect(dns.calls).toEqual(["list", "apply 50", "list", "apply 2"]);
    expect(dns.records.size).toBe(52);
  });

  it("takes as many as come, however few calls at a time the vendor allows", async () => {
    const dns = vendor();
    const limiter = createLimiter({ concurrency: 2 }, systemClock);
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        limiter.run((place) =>
          make(dns, `h${index}.example.org`, context({ idle: (wait) => place.idle(wait) })),
        ),
      ),
    );
    expect(dns.calls).toEqual(["list", "apply 40"]);
  });

  it("lets one bad record fail alone, with its own error", async () => {
    const dns = vendor((change) =>
      change.action !== "delete" && change.record.name === "bad.example.org" ? refusal() : undefined,
    );
    const names = Array.from({ length: 16 }, (_, index) =>
      index === 5 ? "bad.example.org" : `h${index}.example.org`,
    );
    const results = await Promise.allSettled(names.map((name) => make(dns, name)));
    expect(results.flatMap((result, index) => (result.status === "rejected" ? [names[index]] : []))).toEqual([
      "bad.example.org",
    ]);
    expect(dns.records.size).toBe(15);
    // Halved each time, and not tried one by one.
    expect(dns.calls.filter((call) => call.startsWith("apply")).length).toBeLessThanOrEqual(9);
  });

  it("tells everyone that somebody else has written the zone, instead of trying again in halves", async () => {
    let once = true;
    const dns = vendor(() => {
      const error = once ? refusal("dns.concurrent-change") : undefined;
      once = false;
      return error;
    });
    const results = await Promise.allSettled([make(dns, "a.example.org"), make(dns, "b.example.org")]);
    expect(results).toMatchObject(Array(2).fill({ reason: { code: "dns.concurrent-change" } }));
    expect(dns.calls).toEqual(["list", "apply 2"]);
  });

  it("gives up where single records are refused for one reason again and again", async () => {
    const dns = vendor(() => refusal("vendor.forbidden"));
    const results = await Promise.allSettled(
      Array.from({ length: 64 }, (_, index) => make(dns, `h${index}.example.org`)),
    );
    expect(results.every((result) => result.status === "rejected")).toBe(true);
    expect(dns.calls.filter((call) => call.startsWith("apply")).length).toBeLessThan(16);
  });

  it("replays nothing when an answer was lost: everyone is told, and reads again", async () => {
    let lost = true;
    const dns = vendor(() =>
      lost ? new DeployError({ code: "http.reset", message: "Gone.", retryable: true }) : undefined,
    );
    const results = await Promise.allSettled([make(dns, "a.example.org"), make(dns, "b.example.org")]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(dns.calls).toEqual(["list", "apply 2"]);
    lost = false;
    await Promise.all([make(dns, "a.example.org"), make(dns, "b.example.org")]);
    expect(dns.records.size).toBe(2);
  });

  it("goes on for the others when one of them is cancelled, and stops when all of them are", async () => {
    const dns = vendor();
    const [first, second] = [new AbortController(), new AbortController()];
    const one = make(dns, "a.example.org", context({ signal: first.signal }));
    const two = make(dns, "b.example.org", context({ signal: second.signal }));
    first.abort(new Error("cancelled"));
    await expect(one).rejects.toThrow("cancelled");
    expect(await two).toBe("b.example.org");
    expect([...dns.records.keys()]).toEqual(["b.example.org"]);

    const gone = make(dns, "c.example.org", context({ signal: second.signal }));
    second.abort(new Error("cancelled"));
    await expect(gone).rejects.toThrow("cancelled");
    expect(dns.records.has("c.example.org")).toBe(false);
    expect(await make(dns, "d.example.org")).toBe("d.example.org");
  });

  it("refuses what cannot be decided, and does the rest", async () => {
    const dns = vendor();
    const foreign = changeZone(context(), dns, zone, () => {
      throw refusal("dns.foreign-record");
    });
    const fine = make(dns, "a.example.org");
    await expect(foreign).rejects.toMatchObject({ code: "dns.foreign-record" });
    expect(await fine).toBe("a.example.org");
  });

  it("lists once for all that ask before it begins, and never answers with what is older than the question", async () => {
    const dns = vendor();
    const first = listNow(context(), dns, zone);
    await new Promise((resolve) => setTimeout(resolve, 1));
    dns.records.set("new.example.org", { name: "new.example.org", type: "A", values: ["192.0.2.1"] });
    const later = await Promise.all([listNow(context(), dns, zone), listNow(context(), dns, zone)]);
    expect(await first).toHaveLength(0);
    expect(later.map((records) => records.length)).toEqual([1, 1]);
    expect(dns.calls).toEqual(["list", "list"]);
  });
});
