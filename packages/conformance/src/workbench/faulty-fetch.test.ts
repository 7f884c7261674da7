import { describe, expect, it } from "vitest";
import type { Subject } from "../subject.js";
import { faultyFetch } from "./faulty-fetch.js";

const subject = {} as Subject;

describe("a request that is sent twice", () => {
  const sent: string[] = [];
  const base = (async (_url: unknown, init?: RequestInit) => {
    sent.push(await new Response(init?.body ?? null).text());
    return new Response("done");
  }) as typeof fetch;
  const twice = faultyFetch(subject, base, () => ({ kind: "twice" }));
  const put = (body: NonNullable<RequestInit["body"]>): Promise<Response> =>
    twice.fetch("https://vendor.test/", { method: "PUT", body });

  it("reaches the vendor twice with the same body, and the first answer is the caller's", async () => {
    sent.length = 0;
    expect(await (await put("text")).text()).toBe("done");
    expect(sent).toEqual(["text", "text"]);
  });

  it("reaches it once where the body flows, for it is used up by then", async () => {
    sent.length = 0;
    await put(new Blob(["flowing"]).stream());
    expect(sent).toEqual(["flowing"]);
  });
});
