import type { ElementName } from "../elements/scope.js";
import { type Check, isFields, listOf, wrongType } from "./checks.js";
import { formatPath, type Path, type Report } from "./report.js";

/** Versions of the provider contract that this core understands; messages are made from this list. */
const supportedSpecs: readonly number[] = [1];

/** Which option of an environment takes which element; traffic has three. */
export const elementOptions: Readonly<Record<string, ElementName>> = {
  target: "containers",
  images: "images",
  logs: "logs",
  secretStore: "secrets",
  ingress: "ingress",
  dns: "dns",
  certificates: "certificates",
  addonProvider: "addons",
  access: "access",
};

/** A provider that implements `element`; without one, any provider. */
export function provider(element?: ElementName): Check {
  return (value, path, report) => {
    if (isProvider(value, path, report) && element !== undefined) checkElement(value, element, path, report);
  };
}

/** Providers that are used no longer. */
export const retiredProviders: Check = listOf(provider());

type ProviderLike = Readonly<Record<string, unknown>> & { readonly name: string };

function isProvider(value: unknown, path: Path, report: Report): value is ProviderLike {
  const place = formatPath(path);
  if (typeof value === "function") {
    const call = value.name === "" ? "its factory" : `${value.name}()`;
    report.problem(path, `${place} is a factory, not a provider.`, `Call it: ${call}.`);
    return false;
  }
  if (!isFields(value)) {
    const example = 'Providers are made by a factory: import { heroku } from "@deploy/provider-heroku".';
    wrongType(value, path, report, "a provider", example);
    return false;
  }
  if (typeof value.then === "function") {
    report.problem(path, `${place} is a promise of a provider.`, "Put await in front of it.");
    return false;
  }
  const name = typeof value.name === "string" ? value.name : "";
  if (typeof value.spec !== "number" || !supportedSpecs.includes(value.spec)) {
    reportSpec(value.spec, name, path, report);
    return false;
  }
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    const hint = "Its name is lower case letters, digits and hyphens. Tell the author of the provider.";
    report.problem(path, `${place} is a provider without a usable name.`, hint);
    return false;
  }
  if (!isFields(value.credentials)) {
    const hint = "A provider declares its credentials, if only as {}. Tell its author.";
    report.problem(path, `The provider ${name} does not declare its credentials.`, hint);
    return false;
  }
  return true;
}

function reportSpec(spec: unknown, name: string, path: Path, report: Report): void {
  const known = supportedSpecs.join(" and ");
  const newest = Math.max(...supportedSpecs);
  const who = name === "" ? "The provider" : `The provider ${name}`;
  if (typeof spec !== "number") {
    const hint = "A provider is what a factory such as heroku() returns.";
    report.problem(path, `${formatPath(path)} is not a provider: it has no version of the contract.`, hint);
  } else if (spec > newest) {
    report.problem(
      path,
      `${who} speaks version ${spec} of the provider contract; this @deploy/core understands ${known}.`,
      `Upgrade @deploy/core, or install an older version of ${name === "" ? "the provider" : name} that speaks ${newest}.`,
    );
  } else {
    report.problem(
      path,
      `${who} speaks version ${spec} of the provider contract; this @deploy/core understands ${known}.`,
      `Upgrade ${name === "" ? "the provider" : name}, or install an older @deploy/core.`,
    );
  }
}

function checkElement(value: ProviderLike, element: ElementName, path: Path, report: Report): void {
  const part = value[element];
  if (part === undefined) {
    const uses = Object.entries(elementOptions).filter(([, other]) => value[other] !== undefined);
    const option = path.at(-1);
    report.problem(
      path,
      `The provider ${value.name} has no ${element}, so it cannot be used as ${option}.`,
      uses.length === 0
        ? "Choose another provider."
        : `Choose another provider; ${value.name} can be used as ${uses.map(([name]) => name).join(", ")}.`,
    );
  } else if (!isFields(part) || !isFields(part.capabilities)) {
    const hint = "Every element declares its capabilities. Tell the author of the provider.";
    report.problem(path, `The provider ${value.name} has ${element} without capabilities.`, hint);
  }
}
