import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DnsProvider } from "../elements/dns-ownership.js";
import { type NameServers, nameServersMissing, startNameServers } from "../elements/testing/name-servers.js";
import type { CertificateStatus, Certificates, Dns, ObservedRecordSet } from "../elements/traffic.js";
import { authorityMissing, type TestAuthority, testAuthority } from "./testing/certificate.js";
import { deployerOn, key } from "./testing/deployed.js";
import { type MemoryCloud, memoryCloud } from "./testing/memory-cloud.js";
import { memoryDns } from "./testing/memory-dns.js";
import { memoryCertificates } from "./testing/memory-powers.js";
import type { Deployer } from "./types.js";

if (nameServersMissing !== undefined) console.warn(`skipped: ${nameServersMissing}`);

const top = "127.73.0.2";
const [first, second, refusing] = ["127.73.0.3", "127.73.0.4", "127.73.0.5"] as const;
/** Where the app answers. */
const app = "127.73.0.9";
const domains = { "shop.example": "web", "www.shop.example": { redirect: "shop.example" } } as const;

/** The zone as its servers have it once everything is published. */
const published = [
  "@ NS ns1.shop.example.",
  "@ NS ns2.shop.example.",
  `ns1 A ${first}`,
  `ns2 A ${second}`,
  `@ A ${app}`,
  "www CNAME lb.memory.test.",
  "_proof CNAME proof.memory.test.",
  "_proof.www CNAME proof.memory.test.",
];
const bare = published.slice(0, 4);

describe.skipIf((nameServersMissing ?? authorityMissing) !== undefined)(
  "domains, looked at from outside",
  () => {
    let servers: NameServers;
    let authority: TestAuthority;
    let web: { readonly https: HttpsServer; readonly http: Server };
    let serial = 10;
    let answer: (host: string) => [status: number, location?: string];

    beforeAll(async () => {
      authority = testAuthority("Test Authority");
      servers = await startNameServers({
        [top]: {
          example: [
            1,
            "@ NS ns.example.",
            `ns A ${top}`,
            "shop NS ns1.shop.example.",
            "shop NS ns2.shop.example.",
            `ns1.shop A ${first}`,
            `ns2.shop A ${second}`,
          ],
          test: [1, "@ NS ns.test.", `ns A ${top}`, `lb.memory A ${app}`],
        },
        [first]: { "shop.example": [1, ...bare] },
        [second]: { "shop.example": [1, ...bare] },
        [refusing]: {},
      });
      const answering = (request: { headers: { host?: string | undefined } }): [number, string?] => {
        return answer((request.headers.host ?? "").split(":")[0]!);
      };
      const good = authority.issue(["shop.example", "www.shop.example"], 60);
      const https = createHttpsServer(good, (request, response) => {
        const [status, location] = answering(request);
        response.writeHead(status, location === undefined ? {} : { location }).end();
      });
      const http = createHttpServer((request, response) => {
        response.writeHead(301, { location: `https://${request.headers.host}/` }).end();
      });
      https.listen(0, app);
      http.listen(0, app);
      await Promise.all([once(https, "listening"), once(http, "listening")]);
      web = { https, http };
    });
    afterAll(async () => {
      web?.https.close();
      web?.http.close();
      authority?.remove();
      await servers?.stop();
    });

    let cloud: MemoryCloud;
    let zones: Record<string, ObservedRecordSet[]>;
    beforeEach(() => {
      cloud = memoryCloud();
      zones = { "shop.example": [] };
      answer = (host) => (host === "shop.example" ? [200] : [301, "https://shop.example/"]);
    });
    afterEach(() => publish(bare));

    /** All servers of the zone say the same. */
    async function publish(
      lines: readonly string[],
      addresses: readonly string[] = [first, second],
    ): Promise<void> {
      serial += 1;
      for (const address of addresses) await servers.serve(address, "shop.example", serial, lines);
    }

    function deployer(
      more: { dns?: Partial<Dns> | false; certificates?: CertificateStatus[]; caa?: string[] } = {},
    ): Deployer {
      const names = memoryDns(zones);
      const dns: DnsProvider = { ...names, dns: { ...names.dns, ...(more.dns === false ? {} : more.dns) } };
      const own = memoryCertificates(cloud);
      const certificates: Certificates = {
        ...own,
        capabilities: { ...own.capabilities, ...(more.caa === undefined ? {} : { caaIdentities: more.caa }) },
        status: async () => more.certificates ?? [],
      };
      const issuer = { spec: 1, name: "issuer", credentials: {}, certificates } as const;
      return deployerOn(cloud, {
        extra: { ...(more.dns === false ? {} : { dns }), domains, certificates: issuer },
        deployer: {
          env: {
            MEMORY_TOKEN: "t",
            USER: "maria",
            PATH: process.env.PATH,
            DEPLOY_RESOLVERS: `${top}:${servers.port}`,
            DEPLOY_NAME_SERVER_PORT: String(servers.port),
            DEPLOY_HTTP_PORT: String((web.http.address() as AddressInfo).port),
            DEPLOY_HTTPS_PORT: String((web.https.address() as AddressInfo).port),
            NODE_EXTRA_CA_CERTS: authority.file,
          },
        },
      });
    }
    const up = async (one: Deployer): Promise<void> => void (await one.up({ secrets: { SECRET_KEY: key } }));
    const told = (findings: readonly { name: string; message: string; severity: string }[]): string[] =>
      findings
        .filter(({ severity }) => severity === "problem")
        .map(({ name, message }) => `${name}: ${message}`);

    it("finds everything in order, once it is", async () => {
      const one = deployer({ dns: { nameServers: async () => ["ns1.shop.example", "NS2.shop.example."] } });
      await up(one);
      await publish(published);
      const check = await one.domains.check();
      expect(check.findings).toEqual([]);
      expect(check).toMatchObject({
        ok: true,
        app: "shop",
        environment: "production",
        domains: [
          {
            host: "shop.example",
            zone: "shop.example",
            provider: "names",
            state: "ok",
            records: [
              {
                name: "shop.example",
                type: "CNAME",
                held: "ours",
                wanted: { values: ["lb.memory.test"] },
                answered: { state: "everywhere", agree: 2, of: 2, values: [app] },
              },
            ],
          },
          { host: "www.shop.example", state: "ok", records: [{ answered: { values: ["lb.memory.test"] } }] },
        ],
        hosts: [
          {
            host: "shop.example",
            address: app,
            certificate: { issuer: "Test Authority", matches: true, trusted: true, daysLeft: 59 },
            https: { status: 200 },
            http: { status: 301 },
          },
          { https: { status: 301, location: "https://shop.example/" } },
        ],
      });
      expect(check.proofs.map(({ name, answered }) => [name, answered?.state])).toEqual([
        ["_proof.shop.example", "everywhere"],
        ["_proof.www.shop.example", "everywhere"],
      ]);
    });

    it("says what is missing before the first deployment, and who is behind after it", async () => {
      const one = deployer();
      const before = await one.domains.status();
      expect(before).toMatchObject({ ok: false, domains: [{ state: "wrong" }, { state: "wrong" }] });
      expect(told(before.findings)).toContain("shop.example: The CNAME record is not there.");
      await up(one);
      await publish(published, [first]);
      const after = await one.domains.status();
      expect(after.domains[1]).toMatchObject({
        state: "changing",
        records: [{ answered: { agree: 1, of: 2 } }],
      });
      expect(told(after.findings)).toContain(
        "www.shop.example: 1 of 2 name servers answer with the CNAME record as it is: ns2.shop.example is behind.",
      );
    });

    it("waits until the last server agrees, and says who is missing meanwhile", async () => {
      const one = deployer();
      await up(one);
      await publish(published, [first]);
      const heard: string[] = [];
      const onProgress = (sentence: string): void => {
        if (heard.push(sentence) === 1) void servers.serve(second, "shop.example", serial, published);
      };
      const check = await one.domains.check({ waitMs: 60_000, connect: false, onProgress });
      expect(check.ok).toBe(true);
      expect(heard[0]).toContain("www.shop.example CNAME: 1 of 2, ns2.shop.example is behind");
      expect(check.zones[0]?.servers.map((server) => server.serial)).toEqual([serial, serial]);
    });

    it("gives up when the time is over, and when it is told to", async () => {
      const one = deployer();
      await up(one);
      await publish(published, [first]);
      expect((await one.domains.check({ waitMs: 10, connect: false })).ok).toBe(false);
      const stop = new AbortController();
      const stopped = one.domains.check({
        waitMs: 60_000,
        signal: stop.signal,
        onProgress: () => stop.abort(new Error("enough")),
      });
      await expect(stopped).rejects.toThrow("enough");
    });

    it("compares the delegation with the vendor's own name servers", async () => {
      const one = deployer({ dns: { nameServers: async () => ["a.names.test", "b.names.test"] } });
      await up(one);
      await publish(published);
      expect(told((await one.domains.status()).findings)).toEqual([
        "shop.example: The zone above leads to ns1.shop.example, ns2.shop.example; names answers at a.names.test, b.names.test.",
      ]);
    });

    it("finds lame servers, an authority that may not issue, and strays over IPv6", async () => {
      const one = deployer({ caa: ["ca.test"] });
      await up(one);
      const lines = [
        "@ NS ns9.shop.example.",
        `ns9 A ${refusing}`,
        '@ CAA 0 issue "other.test"',
        "@ AAAA 2001:db8::1",
      ];
      await publish([...published, ...lines]);
      const check = await one.domains.check();
      const problems = told(check.findings).join("\n");
      expect(problems).toContain(
        `The name server ns9.shop.example (${refusing}) does not answer for it: it answers REFUSED.`,
      );
      expect(problems).toContain(
        "The CAA records of shop.example forbid issuer to issue its certificate: 0 issue other.test.",
      );
      expect(problems).toContain("shop.example: An AAAA record leads it elsewhere over IPv6: 2001:db8::1.");
      expect(check.findings.find(({ message }) => message.includes("CAA"))?.hint).toContain(
        'CAA 0 issue "ca.test"',
      );
    });

    it("tells what is wrong with the certificate and with the answer", async () => {
      const one = deployer();
      await up(one);
      await publish(published);
      answer = (host) => (host === "shop.example" ? [503] : [200]);
      expect(told((await one.domains.check()).findings)).toEqual([
        "shop.example: The app answers 503.",
        "www.shop.example: It should redirect to shop.example, and answers 200.",
      ]);
      const stranger = testAuthority("Nobody");
      web.https.setSecureContext(stranger.issue(["else.example"], 5));
      try {
        const problems = told((await one.domains.check({ hosts: ["shop.example"] })).findings);
        expect(problems).toContain("shop.example: Its certificate is for else.example, not for it.");
        expect(problems).toContain("shop.example: The certificate it shows is good for 4 more days only.");
        expect(problems).toContain(
          "shop.example: Its certificate is signed by Nobody, whom browsers do not know.",
        );
      } finally {
        web.https.setSecureContext(authority.issue(["shop.example", "www.shop.example"], 60));
        stranger.remove();
      }
    });

    it("tells of certificates what their issuer says", async () => {
      const hosts = ["shop.example"];
      const expires = new Date(Date.now() + 5.5 * 86_400_000).toISOString();
      const one = deployer({
        certificates: [
          { hosts, issuer: "Test", state: "pending", problem: "DNS verified, since 2026-01-01" },
          { hosts, issuer: "Test", state: "issued", expires, renewal: "renewed a month before" },
        ],
      });
      await up(one);
      await publish(published);
      const status = await one.domains.status();
      expect(told(status.findings)).toEqual([
        "shop.example: Test has not issued its certificate yet: DNS verified, since 2026-01-01",
        "shop.example: Its certificate is good for 5 more days only, and is not renewed yet.",
      ]);
      expect(status.domains[0]).toMatchObject({
        state: "wrong",
        certificate: { state: "issued", daysLeft: 5 },
      });
    });

    it("sees whether records were made by hand, where there is no DNS provider", async () => {
      const one = deployer({ dns: false });
      await up(one);
      const before = await one.domains.status();
      expect(before.domains[1]?.records).toMatchObject([{ held: "by hand", answered: { state: "nowhere" } }]);
      expect(told(before.findings)).toContain(
        "www.shop.example: No name server answers with www.shop.example CNAME lb.memory.test.",
      );
      await publish(published);
      const after = await one.domains.status();
      expect(after.domains.map(({ state }) => state)).toEqual(["ok", "ok"]);
      await publish(published.map((line) => (line.startsWith("@ A") ? "@ A 192.0.2.1" : line)));
      const astray = told((await one.domains.status()).findings).join();
      expect(astray).toContain("No name server answers with shop.example CNAME lb.memory.test.");
    });

    it("names what stands in the way, a zone that nobody holds and a host that is none of the environment's", async () => {
      zones["shop.example"]!.push({ name: "www.shop.example", type: "A", values: ["192.0.2.1"] });
      const foreign = (await deployer().domains.status()).domains[1]?.records[0];
      expect(foreign).toMatchObject({ held: "foreign", present: { values: ["192.0.2.1"] } });
      const lost = await deployer({ dns: { zones: async () => [] } }).domains.status();
      expect(told(lost.findings).join()).toContain("names holds no zone for shop.example");
      await expect(deployer().domains.check({ hosts: ["wwww.shop.example"] })).rejects.toMatchObject({
        code: "config.unknown-domain",
        hint: expect.stringContaining("www.shop.example"),
      });
      const broken = deployer({
        dns: {
          zones: async () => {
            throw new Error("down");
          },
        },
      });
      expect((await broken.domains.status()).ok).toBe(false);
    });
  },
);
