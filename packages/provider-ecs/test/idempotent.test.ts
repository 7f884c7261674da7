import { describe, expect, it } from "vitest";
import { isIdempotent } from "./support/idempotent.js";

/*
 * What the kit is told may be sent twice. It believes that a repeated request is safe, so that nothing may be claimed which
 * is not so.
 */

describe("a change that may be sent twice", () => {
  it.each([
    ["RunTask", '{"cluster":"a"}', false],
    ["RunTask", '{"cluster":"a","clientToken":""}', false],
    ["RunTask", '{"cluster":"a","clientToken":"x"}', true],
    ["RunInstances", "Action=RunInstances&MaxCount=1", false],
    ["RunInstances", "Action=RunInstances&ClientToken=x&MaxCount=1", true],
    ["RequestCertificate", '{"DomainName":"example.org"}', false],
    ["CreateService", '{"serviceName":"web"}', false],
    ["UpdateService", '{"service":"web","desiredCount":2}', true],
    ["UpdateService", '{"service":"web","forceNewDeployment":true}', false],
    ["AllocateAddress", "Action=AllocateAddress&Domain=vpc", false],
    ["RegisterTaskDefinition", '{"family":"web"}', false],
    ["CreatePolicyVersion", "Action=CreatePolicyVersion", false],
    ["ExecuteCommand", "{}", false],
    ["CreateListener", "Action=CreateListener", false],
  ])("%s %s: %s", (operation, text, expected) => {
    expect(isIdempotent(operation, text)).toBe(expected);
  });
});
