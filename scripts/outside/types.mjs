import { join } from "node:path";
import { succeed, writeFiles } from "./outside.mjs";

const COMPILERS = { 5.9: "typescript-5.9", "6.0": "typescript" };
const RESOLUTIONS = { nodenext: "NodeNext", bundler: "ESNext" };

/**
 * The declarations, as strict as a user's compiler may be: no `skipLibCheck`, exact optional properties.
 *
 * @param {import("./outside.mjs").Outside} outside
 */
export async function types({ check, project }) {
  await writeFiles(project, { "types/use.ts": USE, "types/provider.ts": PROVIDER });
  for (const [version, compiler] of Object.entries(COMPILERS)) {
    for (const [resolution, module] of Object.entries(RESOLUTIONS)) {
      const config = `types/tsconfig.${version}.${resolution}.json`;
      await writeFiles(project, {
        [config]: {
          compilerOptions: {
            target: "ES2023",
            lib: ["ES2023"],
            types: ["node"],
            module,
            moduleResolution: resolution,
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            verbatimModuleSyntax: true,
            isolatedDeclarations: true,
            declaration: true,
            skipLibCheck: false,
            noEmit: true,
          },
          files: ["use.ts", "provider.ts"],
        },
      });
      await check(`types under TypeScript ${version}, ${resolution}, without skipLibCheck`, () =>
        succeed([process.execPath, join(project, "node_modules", compiler, "bin/tsc"), "-p", config], {
          cwd: project,
        }),
      );
    }
  }
}

/** What a user writes. */
const USE = `
import { createDeployer, defineApp, type App, type Deployer, type Plan } from "@deploy/core";
import { local, type LocalProvider } from "@deploy/provider-local";
import { old } from "./provider.js";

const target: LocalProvider = local();
export const app: App = defineApp({
  name: "outside",
  processes: { web: { command: "node server.js", health: "/healthz" } },
  environments: {
    staging: { target, dns: old(), domains: { "example.test": "web" } },
    // @ts-expect-error: a provider without containers is no target
    wrong: { target: old() },
  },
});
const deployer: Deployer = createDeployer(app, { environment: "staging" });
export async function changes(): Promise<Plan["changes"]> {
  for await (const event of deployer.up()) if (event.type === "finished") break;
  return (await deployer.plan()).changes;
}
`;

/** A provider as an older core knew it: only what every provider has to have. Its tests use the kit. */
const PROVIDER = `
import { conformance } from "@deploy/conformance/vitest";
import { type Report, runConformance, type Subject } from "@deploy/conformance";
import { type Context, DeployError, type Dns, type DnsRecordChange, type Provider, request } from "@deploy/core";

export type OldProvider = Provider & { readonly dns: Dns };

export function old(): OldProvider {
  return {
    spec: 1,
    name: "old",
    credentials: { token: { env: "OLD_TOKEN", label: "token", secret: true, required: true } },
    dns: {
      capabilities: {
        apex: { no: "not this one" },
        types: ["A", "CNAME"],
        wildcards: true,
        redirects: { no: "names only", link: "https://old.example/limits" },
      },
      zones: async (context: Context) => [await (await request(context, "https://old.example")).text()],
      list: async () => [],
      async apply(_context: Context, zone: string, changes: readonly DnsRecordChange[]): Promise<void> {
        if (changes.length > 0) throw new DeployError({ code: "dns.refused", message: zone });
      },
    },
  };
}

const subject: Subject = { provider: () => old(), context: { env: {} } };
export function suite(): void {
  conformance(subject);
}
export async function report(): Promise<Report> {
  return runConformance(subject, { only: "provider:" });
}
`;
