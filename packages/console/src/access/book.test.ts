import { readFileSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAccessBook } from "./book.js";
import { type AccessRig, createRig, password, type SignedInPerson, type WantedRole } from "./testing/rig.js";

let rig: AccessRig;
let olga: SignedInPerson;

beforeEach(async () => {
  rig = await createRig();
  olga = await rig.owner();
});

afterEach(() => rig.close());

const grant = (...wanted: WantedRole) => rig.grant(olga.by, ...wanted);

describe("what is stored", () => {
  it("rule 5: no secret is in the files, and they are for their owner alone", async () => {
    const invited = await rig.access.people.invite(olga.by, { email: "maria@example.org" });
    const token = await rig.access.tokens.make(olga, { name: "ci", app: "*", role: "viewer" });
    const link = await rig.access.entry.makeOwnerLink();
    const bytes = ["", "-wal"].map((end) => readFileSync(`${rig.file}${end}`)).join("\n");
    for (const secret of [olga.secret, invited.secret, token.secret, link]) {
      expect(bytes).not.toContain(secret);
    }
    for (const end of ["", "-wal", "-shm"]) expect(statSync(`${rig.file}${end}`).mode & 0o777).toBe(0o600);
  });

  it("rule 5: a password is hashed with argon2id, 19 MiB and two passes", async () => {
    const access = await createAccessBook({ directory: `${rig.directory}/real` });
    const turn = { network: "198.51.100.7", known: false };
    const hash = await access.passwords.hash(password, turn);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await access.passwords.verify(hash, password, turn)).toBe(true);
    expect(await access.passwords.verify(hash, "something else", turn)).toBe(false);
    expect(await access.passwords.verify(undefined, password, turn)).toBe(false);
    expect(await access.passwords.verify("no hash at all", password, turn)).toBe(false);
    await access.close();
  });

  it("survives being closed, and refuses what it cannot read instead of starting anew", async () => {
    await grant("maria@example.org", "shop", "viewer");
    const access = await rig.reopen();
    expect((await access.grants.ofApp("shop")).map(({ role }) => role)).toEqual(["viewer"]);
    expect(await access.may(olga.caller, "people.manage")).toBe(true);
    await access.close();
    for (const content of ["no database", "no database".repeat(1_000)]) {
      writeFileSync(rig.file, content);
      await expect(createAccessBook({ directory: rig.directory })).rejects.toMatchObject({
        code: "console.access-unreadable",
      });
      expect(readFileSync(rig.file, "utf8")).toBe(content);
    }
    rig = await createRig();
  });
});
