import type { Grant, Scope } from "@deploy/core";
import { beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench } from "../../test/support/element-bench.js";
import { has } from "../../test/support/needs.js";
import { useVendor } from "../../test/support/use-vendor.js";
import { accessFinder, createAccess } from "./access.js";
import { readPerson, writePerson } from "./people.js";
import { roleDocument, rolesWeakestFirst } from "./role-documents.js";

describe.skipIf(!(await has("python")))("access in IAM", () => {
  const vendor = useVendor();
  const production: Scope = { app: "shop", environment: "production" };
  const staging: Scope = { app: "shop", environment: "staging" };
  let bench: ElementBench;
  const iam = async (parameters: Readonly<Record<string, string>>): Promise<string> => {
    const response = await fetch(vendor().emulator.url, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization:
          "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0",
      },
      body: new URLSearchParams({ Version: "2010-05-08", ...parameters }),
    });
    return response.text();
  };
  beforeEach(async () => {
    await vendor().reset();
    bench = createElementBench({ env: vendor().env });
    await iam({ Action: "CreateUser", UserName: "maria" });
    await iam({ Action: "CreateGroup", GroupName: "developers" });
  });
  const access = () => createAccess(bench.parts);
  const grant = (scope: Scope, ...grants: readonly Grant[]) =>
    bench.apply(access().grants(scope, grants).resources);

  it("attaches one policy per role, changes it in place, and plans nothing the second time", async () => {
    const maria = { person: "maria", role: "viewer" } as const;
    const developers = { person: "group/developers", role: "deployer" } as const;
    await grant(production, maria, developers);
    const again = await bench.plan(access().grants(production, [maria, developers]).resources);
    expect(again.plan.changes).toEqual([]);
    await grant(production, { ...maria, role: "operator" });
    expect(await access().who(bench.context(), production)).toEqual(
      expect.arrayContaining([{ person: "maria", role: "operator" }, developers]),
    );
    expect(await iam({ Action: "ListAttachedUserPolicies", UserName: "maria" })).not.toContain("viewer");
  });

  it("puts back a policy that was edited by hand, however often", async () => {
    const maria = { person: "maria", role: "viewer" } as const;
    await grant(production, maria);
    const [arn = ""] =
      /arn:aws:iam::\d+:policy[^<]+/.exec(
        await iam({ Action: "ListAttachedUserPolicies", UserName: "maria" }),
      ) ?? [];
    for (let time = 0; time < 6; time++) {
      const open = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
      const versions = await iam({ Action: "ListPolicyVersions", PolicyArn: arn });
      const oldest = /<VersionId>(v\d+)<\/VersionId>\s*<IsDefaultVersion>false/.exec(versions)?.[1];
      if (versions.match(/<VersionId>/g)?.length === 5 && oldest !== undefined) {
        await iam({ Action: "DeletePolicyVersion", PolicyArn: arn, VersionId: oldest });
      }
      await iam({
        Action: "CreatePolicyVersion",
        PolicyArn: arn,
        PolicyDocument: open,
        SetAsDefault: "true",
      });
      const { plan } = await bench.plan(access().grants(production, [maria]).resources);
      expect(plan.changes.map(({ action, label }) => [action, label])).toEqual([
        ["update", "policy of viewers"],
      ]);
      await grant(production, maria);
    }
    expect((await bench.plan(access().grants(production, [maria]).resources)).plan.changes).toEqual([]);
  });

  it("takes a person off one app, or off every app at once", async () => {
    const maria = { person: "maria", role: "manager" } as const;
    await grant(production, maria);
    await grant(staging, maria);
    await grant({ app: "blog", environment: "production" }, maria);
    expect(await access().revoke(bench.context(), "maria", staging)).toEqual(["shop/staging"]);
    expect(await access().who(bench.context(), staging)).toEqual([]);
    expect(await access().revoke(bench.context(), "maria")).toEqual(["blog/production", "shop/production"]);
    expect(await access().revoke(bench.context(), "maria")).toEqual([]);
    expect(await access().revoke(bench.context(), "nobody")).toEqual([]);
  });

  it("leaves alone what is not ours, and removes its policies with everybody on them", async () => {
    await iam({
      Action: "CreatePolicy",
      PolicyName: "theirs",
      Path: "/deploy/shop/production/",
      PolicyDocument: JSON.stringify(roleDocument(bench.settings, production, "viewer")),
    });
    await grant(production, { person: "maria", role: "deployer" });
    const find = accessFinder(bench.parts);
    const owned = await find(bench.context(), production, {});
    expect(owned.map(({ id, history }) => [id, history])).toEqual([
      ["ecs/access/us-east-1/shop/production/policy/deployer", true],
    ]);
    for (const one of [...owned, ...owned]) await one.remove(bench.context());
    expect(await find(bench.context(), production, {})).toEqual([]);
    expect(await iam({ Action: "ListPolicies", Scope: "Local" })).toContain("theirs");
  });

  it("says who is not there", async () => {
    await expect(grant(production, { person: "role/none", role: "viewer" })).rejects.toMatchObject({
      code: "access.unknown-person",
    });
  });
});

describe("a person of IAM", () => {
  it.each([
    ["maria", "maria"],
    ["user/maria", "maria"],
    ["group/devs", "group/devs"],
    ["arn:aws:iam::123456789012:role/ci/deployer", "role/deployer"],
    ["arn:aws:iam::123456789012:user/maria", "maria"],
  ])("%s is %s", (text, written) => {
    expect(writePerson(readPerson(text))).toBe(written);
  });
  it.each(["", "a b", "team/maria", "role/AWSReservedSSO_Admin_0123", "arn:aws:s3:::x"])(
    "%j is nobody",
    (text) => {
      expect(() => readPerson(text)).toThrow(expect.objectContaining({ code: "access.bad-person" }));
    },
  );
});

describe("the policy of a role", () => {
  const { settings } = createElementBench();
  const scope: Scope = {
    app: "a-name-of-thirty-characters-ok",
    environment: "review/a-name-of-thirty-characters",
  };

  it("fits into a managed policy, even with the longest names", () => {
    for (const role of rolesWeakestFirst) {
      // IAM quotas: 6,144 characters, blanks not counted.
      expect(JSON.stringify(roleDocument(settings, scope, role)).length).toBeLessThan(6_144);
    }
  });

  it("lets a viewer read no secret and change nothing, a deployer reveal none, an operator let nobody in", () => {
    const actions = (role: (typeof rolesWeakestFirst)[number]): readonly string[] =>
      roleDocument(settings, scope, role).Statement.flatMap(({ Action }) => Action);
    for (const action of actions("viewer")) expect(action).toMatch(/:(?:Describe|List|Filter|Get)/);
    expect(actions("viewer").join()).not.toMatch(/ssm:Get|secretsmanager/);
    expect(actions("deployer").join()).not.toMatch(/GetSecretValue|ExecuteCommand|iam:Attach/);
    // Of parameters a deployer reads one, the lock.
    const reading = roleDocument(settings, scope, "deployer").Statement.filter(({ Action }) =>
      Action.some((action) => action.startsWith("ssm:GetP")),
    );
    expect(reading.map(({ Resource }) => Resource)).toEqual([
      [expect.stringMatching(/:parameter\/deploy-locks\/a-name-of-thirty-characters-ok\/review\/[a-z-]+$/)],
    ]);
    expect(actions("operator").join()).not.toMatch(/iam:Attach|DeleteService/);
    const wide = roleDocument(settings, scope, "manager").Statement.filter(({ Resource }) =>
      Resource.includes("*"),
    );
    for (const { Action } of wide) {
      for (const action of Action) expect(action).toMatch(/:(?:Describe|List|Get|Deregister)/);
    }
  });
});
