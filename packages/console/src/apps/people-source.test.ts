import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createAccessBook } from "../access/book.js";
import { peopleSource } from "./people-source.js";

it("knows whom the book of grants lets in at this moment", async () => {
  const directory = await mkdtemp(join(tmpdir(), "deploy-people-"));
  let now = 1_000;
  const access = await createAccessBook({ directory, now: () => now });
  onTestFinished(async () => {
    await access.close();
    await rm(directory, { recursive: true, force: true });
  });
  const by = { caller: "console" } as const;
  await access.grants.set(by, { person: "mona@example.org", app: "*", role: "manager" });
  await access.grants.set(by, { person: "vera@example.org", app: "shop", role: "viewer", expiresAt: 5_000 });
  const people = peopleSource(access);
  expect(await people.peopleOf("shop")).toEqual([
    { email: "mona@example.org", role: "manager" },
    { email: "vera@example.org", role: "viewer" },
  ]);
  expect(await people.roleOf("Vera@Example.org", "shop")).toBe("viewer");
  expect(await people.roleOf("vera@example.org", "blog")).toBeUndefined();
  now = 6_000;
  expect(await people.roleOf("vera@example.org", "shop")).toBeUndefined();
});
