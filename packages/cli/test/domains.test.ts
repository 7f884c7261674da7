import type { DomainsCheck, DomainsDiff, DomainsStatus, RecordPropagation } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandHelp } from "../src/help.js";
import { parseLine } from "../src/parse.js";
import { renderDomains } from "../src/render/domains.js";
import { renderCheck } from "../src/render/domains-check.js";
import { renderDomainsDiff, renderRestore } from "../src/render/domains-diff.js";
import { createStyle } from "../src/render/style.js";
import { displayWidth } from "../src/render/width.js";
import { type Answer, deploy, fixture, isBuilt } from "./program.js";

const plain = createStyle(false);
const evil = "\u001B]0;owned\u0007";
// biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach a terminal.
const control = /[\u0000-\u0009\u000B-\u001F]/;

const answered: RecordPropagation = {
  name: "www.shop.example",
  type: "CNAME",
  zone: "shop.example",
  values: ["lb.example.net"],
  agree: 1,
  of: 2,
  state: "partly",
  servers: [
    { server: "ns1.example", address: "192.0.2.1", state: "agrees", values: ["lb.example.net"], ttl: 60 },
    {
      server: `ns2.example${evil}`,
      address: "192.0.2.2",
      state: "behind",
      values: [`old${evil}`],
      reason: "serial 3, others have 4",
    },
  ],
};

const status: DomainsStatus = {
  app: "shop",
  environment: "production",
  ok: false,
  domains: [
    {
      host: "xn--mnchen-3ya.example",
      leadsTo: { host: "xn--mnchen-3ya.example", process: "web" },
      records: [
        {
          id: "a",
          name: "xn--mnchen-3ya.example",
          type: "A",
          use: "traffic",
          wanted: { values: ["192.0.2.9"] },
          held: "ours",
          changes: [],
        },
        {
          id: "b",
          name: "xn--mnchen-3ya.example",
          type: "AAAA",
          use: "traffic",
          held: "missing",
          changes: [],
        },
      ],
      certificate: { hosts: [], issuer: `Amazon${evil}`, state: "issued", daysLeft: 59 },
      state: "wrong",
    },
    {
      host: "www.shop.example",
      leadsTo: { host: "www.shop.example", redirect: "shop.example" },
      provider: "names",
      zone: "shop.example",
      records: [
        {
          id: "c",
          name: "www.shop.example",
          type: "CNAME",
          use: "traffic",
          wanted: { values: ["lb.example.net"] },
          held: "ours",
          changes: [],
          answered,
        },
      ],
      state: "changing",
    },
  ],
  proofs: [{ id: "d", use: "proof", held: "missing", changes: [] }],
  zones: [
    {
      zone: "shop.example",
      provider: "names",
      delegation: ["ns1.example", `ns2.example${evil}`],
      servers: [
        { server: "ns1.example", address: "192.0.2.1", state: "answers", serial: 4 },
        { server: "ns2.example", address: "192.0.2.2", state: "lame", reason: "it answers REFUSED" },
        { server: "ns2.example", address: "2001:db8::2", state: "unreachable" },
      ],
    },
  ],
  certificates: [],
  findings: [
    { name: "shop.example", severity: "problem", message: `The server says ${evil}.`, hint: "Wait." },
    { name: "shop.example", severity: "note", message: "A note." },
  ],
};

const check: DomainsCheck = {
  ...status,
  hosts: [
    {
      host: "www.shop.example",
      address: "192.0.2.9",
      certificate: {
        ...{ issuer: `Let's Encrypt${evil}`, names: [], matches: false, trusted: false },
        ...{ expires: "2026-01-01T00:00:00.000Z", daysLeft: 1 },
      },
      https: { status: 301, location: `https://shop.example/${evil}` },
    },
    { host: "other.shop.example" },
  ],
};

describe("domains in a terminal", () => {
  it.each([80, 60, 40])("fit %i columns", (width) => {
    for (const lines of [renderDomains(status, plain, width), renderCheck(check, plain, width)]) {
      expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
    }
  });

  it("show what is wanted, held and answered, and let nothing from outside through", () => {
    const text = renderDomains(status, plain, 200).join("\n");
    expect(text).toMatch(
      /münchen\.example \(xn--mnchen-3ya\.example\) +web +A 192\.0\.2\.9 +ours +issued, 59 days left/,
    );
    expect(text).toMatch(/\n +AAAA not known yet +missing/);
    expect(text).toMatch(/www\.shop\.example +→ shop\.example +CNAME lb\.example\.net +ours +1 of 2 +names/);
    expect(text).toMatch(/shop\.example +names +ns1\.example, ns2\.example␛\]0;owned␇ +1 of 2 answer/);
    expect(text).toContain("1 on the way, 1 not in order.");
    expect(text).not.toMatch(control);
  });

  it("show a check server by server, and what a browser meets", () => {
    const text = renderCheck(check, plain, 200).join("\n");
    expect(text).toMatch(
      /www\.shop\.example CNAME +ns1\.example +192\.0\.2\.1 +agrees +lb\.example\.net +60 s/,
    );
    expect(text).toMatch(/ns2\.example\S+ +192\.0\.2\.2 +behind +old\S+ \(serial 3, others have 4\)/);
    expect(text).toMatch(/Let's Encrypt\S+, 1 day left, other name, not trusted +301 → https/);
    expect(text).toMatch(/other\.shop\.example +no TLS +no answer/);
    expect(text.match(/The server says/g)).toHaveLength(1);
    expect(text).not.toMatch(control);
  });

  it("show a difference field by field, and lines that can be pasted", () => {
    const diff: DomainsDiff = {
      ...{ app: "shop", environment: "production", notes: [], pending: true },
      records: [
        {
          ...{ id: "a", label: "record a", name: "a.example", type: "CNAME", action: "update" },
          before: { values: ["old.example"], ttl: 60, extra: { proxied: false } },
          after: { values: ["new.example"], ttl: 300, extra: { proxied: true } },
        },
        {
          id: "b",
          label: "record b",
          name: "b.example",
          type: "A",
          action: "create",
          after: { values: ["192.0.2.1"] },
        },
        { id: "c", label: "validation record of c", action: "create" },
        {
          id: "d",
          label: "record d",
          name: "d.example",
          type: "A",
          action: "delete",
          before: { values: [evil] },
        },
        { id: "e", label: "record e", action: "none" },
      ],
      changes: [],
      blocks: [{ id: "f", code: "plan.foreign", message: `In the way: ${evil}.`, hint: "Adopt it." }],
      beside: [
        { name: "a.example", type: "MX", values: [evil], zone: "example", owner: "not made by Deploy" },
      ],
      byHand: [
        {
          name: "h.example",
          type: "CNAME",
          use: "traffic",
          values: ["x."],
          lines: ["h.example. 300 IN CNAME x."],
        },
        { use: "proof", lines: [] },
      ],
    };
    const text = renderDomainsDiff(diff, { style: plain, columns: 80 }).join("\n");
    expect(text).toContain(
      "~ a.example CNAME\n      values: old.example → new.example\n      TTL: 60 s → 300 s\n      proxied: false → true",
    );
    expect(text).toContain("+ b.example A\n      values: 192.0.2.1");
    expect(text).toContain("+ validation record of c\n      values: (known after apply)");
    expect(text).toContain("- d.example A\n      values: ␛]0;owned␇");
    expect(text).toContain("\nh.example. 300 IN CNAME x.\n; a validation record: known once");
    expect(text).toContain("1 in the way, 2 to create, 1 to update, 1 to delete, 2 by hand, 1 unchanged.");
    expect(text).not.toMatch(control);
  });

  it("show what a copy would bring back, and take away", () => {
    const copy = { id: "c1", time: "2026-01-01T00:00:00.000Z", records: 2 };
    const view = { style: plain, columns: 80 };
    const restore = { zone: "example", provider: "names", copy };
    const records = [
      { name: "a.example", type: "A", before: { values: ["192.0.2.1"] } },
      { name: "b.example", type: "A", after: { values: ["192.0.2.2"] } },
    ] as const;
    const text = renderRestore({ ...restore, records }, view).join("\n");
    expect(text).toContain(
      "  - a.example A\n      values: 192.0.2.1\n  + b.example A\n      values: 192.0.2.2",
    );
    expect(renderRestore(restore, view).join("\n")).toContain("cannot show");
    expect(renderRestore({ ...restore, records: [] }, view).join("\n")).toContain("nothing to restore");
  });
});

describe("--wait", () => {
  it.each([
    ["--wait", ""],
    ["--wait=1h", "1h"],
  ])("understands %s", (word, value) => {
    const { values, words } = parseLine(["domains", "check", word, "www.shop.example"]);
    expect([values.wait, words]).toEqual([value, ["www.shop.example"]]);
  });

  it("is shown with a value that may be left out", () => {
    expect(commandHelp(parseLine(["domains", "check"]).command)).toContain("--wait[=<time>]");
  });
});

describe.skipIf(!isBuilt)("deploy domains", () => {
  let app: ReturnType<typeof fixture>;
  beforeEach(() => {
    app = fixture();
  });
  afterEach(() => app.remove());
  // Nothing listens there: name servers cannot be found, and it is known at once.
  const env = { DEPLOY_RESOLVERS: "127.0.0.1:9" };
  const run = (line: string, more: Record<string, string> = {}): Promise<Answer> =>
    deploy(line.split(" "), { directory: app.directory, env: { ...env, ...more } });

  it("tells what is to be written, writes it, and has nothing more to tell", async () => {
    const diff = await run("domains diff -e named --exit-code");
    expect(diff.code).toBe(8);
    expect(diff.stdout).toContain("+ www.shop.example CNAME\n      values: lb.fake.test");
    expect(diff.stdout).toContain("shop.example MX 10 mail.shop.example (not made by Deploy)");
    const status = await run("domains status -e named");
    expect(status.code).toBe(1);
    expect(status.stdout).toContain("✖ www.shop.example: The CNAME record is not there.");
    expect(status.stdout).toContain("Mode ␛[2Jflexible.");

    const up = await run("up -e named");
    expect(up.stderr).toContain(
      "2 records were written; name servers take a while: deploy domains check --wait -e named",
    );
    expect((await run("domains diff -e named --exit-code")).code).toBe(0);
    expect(JSON.parse((await run("domains diff -e named --json")).stdout)).toMatchObject({
      pending: false,
      records: [{ action: "none", name: "shop.example" }, { action: "none" }],
      byHand: [],
    });
    expect((await run("domains status -e named")).code).toBe(0);
  });

  it("takes what cannot be asked for as a problem of a check alone, and speaks JSON", async () => {
    await run("up -e named");
    const check = await run("domains check --json -e named");
    expect(check.code).toBe(1);
    const report = JSON.parse(check.stdout);
    expect(Object.keys(report)).toEqual([
      ...["app", "environment", "ok", "domains", "proofs", "zones", "certificates", "findings", "hosts"],
    ]);
    expect(report).toMatchObject({
      ok: false,
      domains: [{ host: "shop.example", zone: "shop.example", provider: "names", state: "wrong" }, {}],
      hosts: [{ host: "shop.example" }, { host: "www.shop.example" }],
    });
    const lost = report.findings.filter(({ message }: { message: string }) =>
      message.includes("no resolver"),
    );
    expect(lost).toHaveLength(2);
    expect(lost[0].hint).toContain("DEPLOY_RESOLVERS");
    expect(
      JSON.parse((await run("domains check www.shop.example --no-connect --json -e named")).stdout),
    ).toMatchObject({
      domains: [{ host: "www.shop.example" }],
      hosts: [],
    });
  });

  it("refuses bad input before anything is asked", async () => {
    for (const [line, code] of [
      ["domains check nobody.example -e named", "config.unknown-domain"],
      ["domains check --wait=soon -e named", "usage.bad-time"],
      ["domains restore -e named", "usage.missing-argument"],
      ["domains copies other.example -e named", "config.unknown-zone"],
      ["domains", "usage.missing-command"],
    ] as const) {
      const answer = await run(`${line} --json`);
      expect([line, answer.code, JSON.parse(answer.stdout).error.code]).toEqual([line, 2, code]);
    }
    const resolvers = await run("domains check -e named", { DEPLOY_RESOLVERS: "ns.example" });
    expect([resolvers.code, resolvers.stderr]).toEqual([2, expect.stringContaining("config.bad-resolvers")]);
    expect((await run("domains copies shop.example")).stderr).toContain("dns.unsupported");
    const none = await run("domains restore shop.example -e named", { FAKE_COPIES: "none" });
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringContaining("never replaces a zone as a whole"),
    ]);
  });

  it("puts a zone back once its name is given, and shows what that changes first", async () => {
    await run("up -e named");
    const copies = await run("domains copies shop.example -e named");
    expect(copies.stdout).toMatch(/COPY +MADE +RECORDS/);
    const refused = await run("domains restore shop.example --copy c1 -e named");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("- www.shop.example CNAME");
    expect(refused.stderr).toContain("--confirm shop.example");
    expect((await run("domains restore shop.example --copy c1 --confirm shop -e named")).code).toBe(2);
    expect((app.state().zone as unknown[]).length).toBe(3);
    const restored = await run(
      "domains restore shop.example --copy c1 --confirm shop.example --json -e named",
    );
    expect(restored.code).toBe(0);
    expect(JSON.parse(restored.stdout)).toMatchObject({
      zone: "shop.example",
      restored: true,
      copy: { id: "c1" },
    });
    expect((app.state().zone as unknown[]).length).toBe(1);
    expect((await run("domains restore shop.example --copy c1 -e named")).stderr).toContain(
      "nothing to restore",
    );
  });

  it("prints records to make by hand as a zone file has them, and says where there is no domain", async () => {
    const { stdout } = await run("domains diff -e byhand");
    expect(stdout).toContain("\nhand.example. 300 IN CNAME lb.fake.test.\n");
    const none = await run("domains status");
    expect([none.code, none.stdout, none.stderr]).toEqual([
      0,
      "",
      expect.stringContaining("local has no domains"),
    ]);
  });

  it.each(["bash", "zsh", "fish"])("is completed in %s", async (shell) => {
    const { stdout } = await run(`completion ${shell}`);
    for (const word of ["domains", "copies", "no-connect"]) expect(stdout).toContain(word);
  });
});
