import { createHash } from "node:crypto";
import { createClient } from "@libsql/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AccessRig, createRig } from "./testing/rig.js";

let rig: AccessRig;

beforeEach(async () => {
  rig = await createRig();
  for (let number = 1; number <= 30; number += 1) {
    await rig.access.audit({
      actor: "olga@example.org",
      action: "secrets.reveal",
      app: "shop",
      subject: `S${number}`,
    });
  }
});

afterEach(() => rig.close());

/** Somebody with the file in their hands, who knows SQLite. */
async function tamper(...statements: readonly string[]): Promise<void> {
  const client = createClient({ url: `file:${rig.file}` });
  const drop = ["audit_is_never_edited", "audit_is_never_shortened"].map((name) => `DROP TRIGGER ${name}`);
  await client.batch([...drop, ...statements], "write");
  client.close();
}

describe("the audit log", () => {
  it("is read newest first, by app, in pages", async () => {
    await rig.access.audit({ actor: "console", action: "people.invite" });
    const page = await rig.access.auditLog({ app: "shop", limit: 2 });
    expect(page.map(({ subject }) => subject)).toEqual(["S30", "S29"]);
    const next = await rig.access.auditLog({ app: "shop", limit: 1, before: page[1]?.id ?? 0 });
    expect(next[0]?.subject).toBe("S28");
    expect((await rig.access.auditLog({ limit: 1 }))[0]?.action).toBe("people.invite");
    expect(await rig.access.verifyAudit()).toMatchObject({ intact: true, entries: 31 });
  });

  it("refuses to be edited or shortened by any statement", async () => {
    const client = createClient({ url: `file:${rig.file}` });
    for (const sql of [
      "UPDATE audit SET actor = 'lee@example.org' WHERE id = 3",
      "DELETE FROM audit WHERE id = 3",
      "DELETE FROM audit",
    ]) {
      await expect(client.execute(sql)).rejects.toThrow(/append-only/);
    }
    client.close();
    expect(await rig.access.verifyAudit()).toMatchObject({ intact: true, entries: 30 });
  });

  const ways: readonly (readonly [string, readonly string[], number])[] = [
    ["an entry that was edited", ["UPDATE audit SET subject = 'S99' WHERE id = 3"], 3],
    ["a time that was edited", ["UPDATE audit SET time = time + 1 WHERE id = 30"], 30],
    ["an entry that is missing", ["DELETE FROM audit WHERE id = 3"], 3],
    ["a first entry that is missing", ["DELETE FROM audit WHERE id = 1"], 1],
    ["an end that was cut off", ["DELETE FROM audit WHERE id > 28"], 29],
    [
      "two entries that changed places",
      [
        "UPDATE audit SET id = 99 WHERE id = 3",
        "UPDATE audit SET id = 3 WHERE id = 4",
        "UPDATE audit SET id = 4 WHERE id = 99",
      ],
      3,
    ],
    [
      "an entry that was moved between columns",
      ["UPDATE audit SET detail = subject, subject = NULL WHERE id = 5"],
      5,
    ],
  ];
  for (const [what, statements, brokenAt] of ways) {
    it(`finds ${what}`, async () => {
      await tamper(...statements);
      expect(await rig.access.verifyAudit()).toMatchObject({ intact: false, brokenAt });
    });
  }

  it("finds an entry whose own hash was made anew: the next one stands on the old", async () => {
    const [third, second] = await rig.access.auditLog({ limit: 2, before: 4 });
    if (third === undefined || second === undefined) throw new Error("there are thirty");
    const { id, time, actor, action, app = null } = third;
    const fields = [second.hash, id, time, actor, null, action, app, null, "S99", null];
    const hash = createHash("sha256").update(JSON.stringify(fields)).digest("hex");
    await tamper(`UPDATE audit SET subject = 'S99', hash = '${hash}' WHERE id = 3`);
    expect(await rig.access.verifyAudit()).toMatchObject({ intact: false, brokenAt: 4 });
  });

  it("what is done and its entry are there together or not at all", async () => {
    const olga = await rig.owner();
    const before = (await rig.access.auditLog({ limit: 500 })).length;
    await expect(rig.access.people.revoke(olga.by, olga.person.id)).rejects.toThrow();
    expect(await rig.access.auditLog({ limit: 500 })).toHaveLength(before);
    await rig.access.grants.set(olga.by, { person: "lee@example.org", app: "shop", role: "viewer" });
    expect(await rig.access.auditLog({ limit: 1 })).toMatchObject([
      {
        actor: "olga@example.org",
        action: "access.grant",
        app: "shop",
        subject: "lee@example.org",
        detail: "viewer",
      },
    ]);
  });

  it("holds together when much is written at once", async () => {
    await Promise.all(
      Array.from({ length: 200 }, (_, number) =>
        rig.access.audit({ actor: "console", action: "x", subject: String(number) }),
      ),
    );
    expect(await rig.access.verifyAudit()).toMatchObject({ intact: true, entries: 230 });
  });
});
