import { redact, type SecretReference } from "@deploy/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench, removeAll } from "../../test/support/element-bench.js";
import { type Emulator, startMoto } from "../../test/support/emulators.js";
import { has } from "../../test/support/needs.js";
import { createSecretStore, createSecrets, findSecrets, pullSecret } from "./index.js";
import { findPullSecrets } from "./pull-secret.js";

const value = "s3cret-Vb7";
const ready = await has("python");
let emulator: Emulator;
beforeAll(async () => {
  if (ready) emulator = await startMoto();
}, 120_000);
afterAll(() => emulator?.stop());

describe.skipIf(!ready).each(["ssm", "secrets-manager"] as const)("secrets in %s", (kind) => {
  let bench: ElementBench;
  beforeEach(async () => {
    await emulator.reset();
    bench = createElementBench({ url: emulator.url, options: { secrets: kind } });
  });
  const element = () => createSecrets(bench.parts);

  it("keep the version of the same value, and never use one again", async () => {
    const set = (text: string) => element().set(bench.context(), bench.scope, "KEY", redact(text));
    const first = await set(value);
    expect((await set(value)).version).toBe(first.version);
    const second = await set(`${value}-two`);
    expect(second.version).not.toBe(first.version);
    const back = await set(value);
    expect([first.version, second.version]).not.toContain(back.version);
    await element().unset(bench.context(), bench.scope, "KEY");
    await element().unset(bench.context(), bench.scope, "KEY");
    expect(await element().list(bench.context(), bench.scope)).toEqual([]);
    await expect(element().reveal(bench.context(), bench.scope, "KEY")).rejects.toMatchObject({
      code: "secrets.missing",
    });
    expect((await set(value)).version).not.toBe(first.version);
  });

  it("are pinned by a location that names one version for ever", async () => {
    const store = createSecretStore(bench.parts, "secrets");
    const first = await store.put(bench.context(), bench.scope, "KEY", redact(value));
    await store.put(bench.context(), bench.scope, "KEY", redact("another"));
    const { clients } = bench.parts;
    if (kind === "ssm") {
      expect(first.location).toBe(
        `arn:aws:ssm:us-east-1:123456789012:parameter/deploy/shop/production/secrets/KEY/${first.version}`,
      );
      const Name = first.location.slice(first.location.indexOf(":parameter") + 10);
      const answer = await clients.send(bench.context(), "ssm", "GetParameters", {
        Names: [Name],
        WithDecryption: true,
      });
      expect(answer.Parameters).toMatchObject([{ Type: "SecureString", Value: value }]);
    } else {
      const [arn, version] = first.location.split(":::");
      expect(version).toBe(first.version);
      const answer = await clients.send(bench.context(), "secretsManager", "GetSecretValue", {
        SecretId: arn!,
        VersionId: version!,
      });
      expect(answer.SecretString).toBe(value);
    }
  });

  if (kind === "ssm")
    it("are removed when a run was killed before its value was pointed to", async () => {
      const { clients } = bench.parts;
      const Path = "/deploy/shop/production/secrets/KEY";
      await element().set(bench.context(), bench.scope, "KEY", redact(value));
      await clients.send(bench.context(), "ssm", "DeleteParameter", { Name: Path });
      expect(await element().list(bench.context(), bench.scope)).toEqual([]);
      const found = await findSecrets(bench.parts)(bench.context(), bench.scope, {});
      expect(found.map(({ holdsData }) => holdsData)).toEqual(["secret KEY"]);
      await removeAll(bench, found);
      const all = await clients.send(bench.context(), "ssm", "GetParametersByPath", { Path });
      expect(all.Parameters).toEqual([]);
    });

  if (kind === "ssm")
    it("take up what a run has left that was killed before its value was pointed to", async () => {
      const set = (text: string) => element().set(bench.context(), bench.scope, "KEY", redact(text));
      const { clients } = bench.parts;
      const Path = "/deploy/shop/production/secrets/KEY";
      const first = await set(value);
      await clients.send(bench.context(), "ssm", "DeleteParameter", { Name: Path });
      expect((await set(value)).version).toBe(first.version);
      expect((await set(`${value}-two`)).version).toMatch(/^2-/);
      const all = await clients.send(bench.context(), "ssm", "GetParametersByPath", { Path });
      expect(all.Parameters).toHaveLength(2);
    });

  it("are listed whole, however many, and those of another environment are not seen", async () => {
    const names = Array.from({ length: 23 }, (_, index) => `KEY_${String(index).padStart(2, "0")}`);
    for (const name of names) await element().set(bench.context(), bench.scope, name, redact(value));
    for (const environment of ["staging", "production/12"]) {
      await element().set(bench.context(), { app: "shop", environment }, "OTHER", redact(value));
    }
    const listed = await element().list(bench.context(), bench.scope);
    expect(listed.map((entry) => entry.name)).toEqual(names);
    const owned = await findSecrets(bench.parts)(bench.context(), bench.scope, {});
    expect(owned.map((one) => one.holdsData)).toEqual(names.map((name) => `secret ${name}`));
    await removeAll(bench, owned);
    expect(await element().list(bench.context(), bench.scope)).toEqual([]);
    const other = { app: "shop", environment: "production/12" };
    expect(await element().list(bench.context(), other)).toHaveLength(1);
  });

  it("block the plan without a value, and cost a plan one call for all of them", async () => {
    const names = ["A", "B", "C"];
    const nodes = (text?: string) =>
      names.map((name) => element().secret(bench.scope, name, text === undefined ? undefined : redact(text)));
    const { plan } = await bench.plan(nodes());
    expect(plan.blocks.map((block) => block.code)).toEqual(names.map(() => "secrets.missing"));
    const stored = nodes(value);
    const applied = await bench.apply(stored);
    expect(applied.observed(stored[0]!)).toMatchObject({
      name: "A",
      location: expect.stringContaining("arn:"),
    });
    bench.calls.length = 0;
    expect((await bench.plan(nodes())).plan.changes).toEqual([]);
    expect(bench.calls).toHaveLength(kind === "ssm" ? 1 : names.length);
    expect((await bench.plan(nodes(value))).plan.changes).toEqual([]);
    const differing = (await bench.plan(nodes("another"))).plan.changes;
    expect(differing.map((change) => change.fields)).toEqual(
      names.map(() => [{ path: "value", from: "<redacted>", to: "<redacted>" }]),
    );
    await bench.apply(nodes("another"));
    const reference = (await bench.apply(nodes())).observed(nodes()[0]!) as SecretReference;
    expect(reference.version).not.toBe((applied.observed(stored[0]!) as SecretReference).version);
    expect(JSON.stringify(bench.said)).not.toContain(value);
  });

  it("refuse what cannot be stored, without quoting it and without a write", async () => {
    const limit = kind === "ssm" ? 4096 : 65_536;
    const set = (text: string) => element().set(bench.context(), bench.scope, "KEY", redact(text));
    const error = await set("x".repeat(limit + 1)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "secrets.too-large", details: { bytes: limit + 1, limit } });
    expect(JSON.stringify(error)).not.toContain("xxxx");
    await expect(set("")).rejects.toMatchObject({ code: "secrets.empty" });
    if (kind === "ssm")
      await expect(set("{{ value }}")).rejects.toMatchObject({ code: "secrets.unstorable" });
    await set(kind === "ssm" ? "ü".repeat(limit / 2) : "x".repeat(limit));
    expect(bench.calls.filter((call) => /^(?:Put|Create)/.test(call)).length).toBe(kind === "ssm" ? 2 : 1);
  });

  it("that somebody else has stored under our name are not touched", async () => {
    const { clients } = bench.parts;
    const path = "/deploy/shop/production/secrets/KEY";
    if (kind === "ssm")
      await clients.send(bench.context(), "ssm", "PutParameter", {
        Name: path,
        Type: "String",
        Value: "theirs",
      });
    else
      await clients.send(bench.context(), "secretsManager", "CreateSecret", {
        Name: path.slice(1),
        SecretString: "theirs",
      });
    const { plan } = await bench.plan([element().secret(bench.scope, "KEY", redact(value))]);
    expect(plan.blocks.map((block) => block.code)).toEqual(["plan.foreign"]);
    await expect(element().set(bench.context(), bench.scope, "KEY", redact(value))).rejects.toMatchObject({
      code: "secrets.foreign",
    });
    await element().unset(bench.context(), bench.scope, "KEY");
    expect(await element().list(bench.context(), bench.scope)).toEqual([]);
    if (kind === "ssm") {
      expect(
        (await clients.send(bench.context(), "ssm", "GetParameter", { Name: path })).Parameter?.Value,
      ).toBe("theirs");
    }
  });
});

describe.skipIf(!ready)("the login of a registry", () => {
  it("is kept in Secrets Manager as ECS takes it, and stays where a run does not bring one", async () => {
    await emulator.reset();
    const bench = createElementBench({ url: emulator.url });
    const node = (password?: string) =>
      pullSecret(bench.parts, bench.scope, {
        registry: "docker.io",
        ...(password === undefined ? {} : { login: { username: "robot", password: redact(password) } }),
      });
    expect((await bench.plan([node()])).plan.blocks.map((block) => block.code)).toEqual([
      "images.no-credentials",
    ]);
    const first = node(value);
    const { arn } = (await bench.apply([first])).observed(first) as { arn: string };
    expect(arn).toMatch(
      /^arn:aws:secretsmanager:us-east-1:\d+:secret:deploy\/shop\/production\/pull\/docker\.io-\w{6}$/,
    );
    const answer = await bench.parts.clients.send(bench.context(), "secretsManager", "GetSecretValue", {
      SecretId: arn,
    });
    expect(JSON.parse(answer.SecretString ?? "")).toEqual({ username: "robot", password: value });
    for (const same of [node(), node(value)]) expect((await bench.plan([same])).plan.changes).toEqual([]);
    expect((await bench.plan([node("renewed")])).plan.changes).toHaveLength(1);
    expect(JSON.stringify(bench.said)).not.toContain(value);
    const owned = await findPullSecrets(bench.parts)(bench.context(), bench.scope, {});
    expect(owned.map((one) => one.id)).toEqual([first.id]);
  });
});
