import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeployError } from "@deploy/core";
import { afterEach, describe, expect, it } from "vitest";
import { loadKit } from "../src/provider/kit.js";
import { rename, spellings } from "../src/provider/names.js";
import { namesFor, readTemplate, templateElements, writeTemplate } from "../src/provider/template.js";

const place = fileURLToPath(new URL("../../../templates/provider", import.meta.url));
const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "deploy-provider-"));
  made.push(directory);
  return directory;
}

/** The code of the error that `work` ends with. */
async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (thrown) {
    return DeployError.is(thrown) ? thrown.code : String(thrown);
  }
  return "none";
}

describe("names of a provider", () => {
  it("spells a name in every way that code needs", () => {
    expect(spellings("acme-dns2", new Set())).toEqual({
      kebab: "acme-dns2",
      camel: "acmeDns2",
      pascal: "AcmeDns2",
      upper: "ACME_DNS2",
      title: "Acme Dns2",
    });
  });

  it.each(["", "Acme", "2acme", "acme_dns", "acme--dns", "acme-", "../acme", "a".repeat(41)])(
    "refuses %j",
    async (name) => {
      expect(await codeOf(() => spellings(name, new Set()))).toBe("usage.bad-name");
    },
  );

  it("refuses words that the language or the template uses", async () => {
    expect(await codeOf(() => spellings("class", new Set()))).toBe("usage.bad-name");
    const template = await readTemplate("dns", place);
    for (const word of ["vendor", "context", "conformance"]) {
      expect(await codeOf(() => namesFor(word, template)), word).toBe("usage.bad-name");
    }
    expect(namesFor("acme", template).camel).toBe("acme");
  });

  it("renames every spelling, and nothing else", () => {
    const text = "nimbus-cloud nimbusCloud NimbusCloud NIMBUS_CLOUD Nimbus Cloud cloud";
    expect(rename(text, spellings("acme-dns", new Set()))).toBe(
      "acme-dns acmeDns AcmeDns ACME_DNS Acme Dns cloud",
    );
  });
});

describe("templates of a provider", () => {
  it("has one for each element, each a whole package", async () => {
    const elements = await templateElements(place);
    expect(elements).toEqual(["dns", "secrets"]);
    for (const element of elements) {
      const paths = [...(await readTemplate(element, place)).keys()];
      expect(paths).toEqual(
        expect.arrayContaining([
          ".gitignore",
          "README.md",
          "package.json",
          "src/index.ts",
          "src/api.ts",
          `src/${element}.ts`,
        ]),
      );
    }
  });

  it("is written into a new or an empty directory only", async () => {
    const template = await readTemplate("dns", place);
    const names = namesFor("acme", template);
    const directory = scratch();
    expect(await writeTemplate(template, names, directory)).toHaveLength(template.size);
    expect(await codeOf(() => writeTemplate(template, names, directory))).toBe("provider.exists");
    const other = scratch();
    writeFileSync(join(other, "notes.txt"), "mine");
    expect(await codeOf(() => writeTemplate(template, names, other))).toBe("provider.exists");
    expect(readdirSync(other)).toEqual(["notes.txt"]);
    expect(await codeOf(() => writeTemplate(template, names, join(other, "notes.txt")))).toBe(
      "provider.exists",
    );
  });
});

it("says how to install the kit where it is missing", async () => {
  expect(await codeOf(() => loadKit(join(scratch(), "index.js")))).toBe("provider.no-kit");
});
