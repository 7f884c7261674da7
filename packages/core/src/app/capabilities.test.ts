import { describe, expect, it } from "vitest";
import { checkCapabilities } from "./capabilities.js";
import { resolveEnvironment } from "./resolve.js";
import { fullTarget, no, standIn } from "./testing/stand-ins.js";
import type { AppInput, EnvironmentInput, Target } from "./types.js";

function problemsOf(members: Partial<AppInput>, production: EnvironmentInput): readonly string[] {
  const app = { name: "shop", processes: { web: { command: "x" } }, ...members } as AppInput;
  const environment = resolveEnvironment(
    { ...app, "deploy.app": 1, environments: { production } },
    "production",
  );
  return checkCapabilities(environment).map(({ message, hint }) => `${message} | ${hint}`);
}

const everything: Partial<AppInput> = {
  build: { dockerfile: "Dockerfile" },
  processes: {
    web: { command: "x", volumes: { data: "data" } },
    api: { command: "y", internal: true },
  },
  release: "migrate",
  jobs: { nightly: { command: "z", schedule: "0 3 * * *" } },
  secrets: ["KEY"],
  addons: { db: { kind: "postgres" }, queue: { kind: "redis" } },
  domains: { "example.org": "web", "*.example.org": "web", "www.example.org": { redirect: "example.org" } },
};

const full = (overrides: Parameters<typeof fullTarget>[1]): Target => fullTarget("cloud", overrides);

describe("checkCapabilities", () => {
  it("finds nothing where everything is there", () => {
    expect(problemsOf(everything, { target: fullTarget() })).toEqual([]);
  });

  it("asks for nothing that the app does not need", () => {
    const poor = full({
      containers: {
        releaseCommand: no,
        jobs: no,
        volumes: no,
        internalAddresses: no,
        exec: no,
        rollback: no,
      },
      images: { dockerfile: no, buildCommand: no },
      ingress: { customHosts: no, redirects: no, wildcards: no },
      addons: { kinds: {}, backup: no },
    });
    expect(problemsOf({}, { target: poor })).toEqual([]);
  });

  it("names the provider, the reason, what to do and where to read on", () => {
    const target = full({ containers: { releaseCommand: no, jobs: no, volumes: no, internalAddresses: no } });
    expect(problemsOf(everything, { target })).toEqual([
      "cloud cannot run a release command: the vendor has none. | Set environments.production.release: false, and run it by hand. See https://example.org/why.",
      "cloud cannot run jobs (nightly): the vendor has none. | Switch off what cannot run: environments.production.jobs: { nightly: false }. See https://example.org/why.",
      "cloud cannot let processes find each other (api): the vendor has none. | Choose another target, or remove internal. See https://example.org/why.",
      "cloud cannot keep volumes (web): the vendor has none. | Keep files in an add-on or an object store instead. See https://example.org/why.",
    ]);
  });

  it("goes away once the environment switches it off", () => {
    const target = full({ containers: { releaseCommand: no, jobs: no } });
    expect(problemsOf(everything, { target, release: false, jobs: { nightly: false } })).toEqual([]);
  });

  it("needs a Dockerfile or a build command, and not both", () => {
    const commands = full({ images: { dockerfile: no } });
    // Source that runs as it is: the Dockerfile of another environment is no obstacle.
    expect(problemsOf({ build: { dockerfile: "Dockerfile" } }, { target: commands })).toEqual([]);
    const nothing = full({ images: { dockerfile: no, buildCommand: no } });
    expect(problemsOf({ build: { dockerfile: "Dockerfile" } }, { target: nothing })).toEqual([
      "cloud cannot build Dockerfile: the vendor has none. | Add build.command: what builds the app where there are no containers. See https://example.org/why.",
    ]);
    const both = { build: { dockerfile: "Dockerfile", command: "npm ci" } };
    expect(problemsOf(both, { target: commands })).toEqual([]);
    expect(problemsOf(both, { target: full({ images: { buildCommand: no } }) })).toEqual([]);
    expect(problemsOf({}, { target: commands })).toEqual([]);
    const neither = full({ images: { dockerfile: no, buildCommand: no } });
    expect(problemsOf(both, { target: neither })[0]).toContain("cloud cannot run a build command");
  });

  it("says which kinds of add-on there are", () => {
    const target = full({ addons: { kinds: { postgres: true, mongo: no }, backup: true } });
    const addons = {
      db: { kind: "postgres" },
      queue: { kind: "redis" },
      docs: { kind: "mongo" },
      x: { kind: "valueOf" },
    };
    expect(problemsOf({ addons }, { target })).toEqual([
      "cloud does not offer redis, which the add-on queue is. | It offers postgres. Another provider can be named with addonProvider.",
      "cloud cannot provide mongo (docs): the vendor has none. | It offers postgres. See https://example.org/why.",
      "cloud does not offer valueOf, which the add-on x is. | It offers postgres. Another provider can be named with addonProvider.",
    ]);
  });

  it("needs backups only where they are asked for by word", () => {
    const target = full({ addons: { backup: no } });
    expect(problemsOf({ addons: { db: { kind: "postgres" } } }, { target })).toEqual([]);
    expect(problemsOf({ addons: { db: { kind: "postgres", backup: true } } }, { target })[0]).toContain(
      "cloud cannot take backups of db: the vendor has none.",
    );
  });

  it("needs custom hosts, wildcards and redirects where there are some", () => {
    const target = full({
      ingress: { customHosts: no, redirects: no, wildcards: no },
      dns: { redirects: no, wildcards: no },
      certificates: { wildcards: no },
    });
    expect(problemsOf(everything, { target }).map((line) => line.split(" | ")[0])).toEqual([
      "cloud cannot serve domains of your own (example.org, *.example.org, www.example.org): the vendor has none.",
      "cloud cannot redirect hosts (www.example.org): the vendor has none.",
      "cloud cannot serve wildcards (*.example.org): the vendor has none.",
      "cloud cannot hold wildcard records (*.example.org): the vendor has none.",
      "cloud cannot issue wildcard certificates (*.example.org): the vendor has none.",
    ]);
  });

  it("lets DNS redirect where the ingress cannot", () => {
    const target = full({ ingress: { redirects: no } });
    expect(problemsOf(everything, { target })).toEqual([]);
  });

  it("refuses certificates that the ingress cannot use", () => {
    const certificates = standIn("edge", ["certificates"], { certificates: { kind: "edge" } });
    expect(problemsOf(everything, { target: fullTarget(), certificates })).toEqual([
      "cloud cannot use certificates of edge: they are of the kind edge, and it takes pem. | Choose another provider for certificates, or leave it out.",
    ]);
  });

  it("refuses secrets that would never reach the processes", () => {
    const secretStore = standIn("vault", ["secrets"]);
    const app = { secrets: ["SECRET_KEY"] };
    expect(problemsOf(app, { target: fullTarget(), secretStore })).toEqual([
      "cloud cannot take secrets from vault: it gives processes the secrets of its own store only. | Leave out secretStore.",
    ]);
    expect(problemsOf({}, { target: fullTarget(), secretStore })).toEqual([]);
    const target = full({ containers: { otherSecretStores: true } });
    expect(problemsOf(app, { target, secretStore })).toEqual([]);
  });

  it("names elements that are missing altogether, as far as they are needed", () => {
    const target = standIn("bare", ["containers"]);
    expect(problemsOf(everything, { target })).toEqual([
      "bare has no images, which every environment needs. | Name a provider that has: environments.production.images.",
      "bare has no logs, which every environment needs. | Name a provider that has: environments.production.logs.",
      "bare has no secrets, and the app declares secrets. | Name a provider that has: environments.production.secretStore.",
      "bare has no ingress, and the app serves requests. | Name a provider that has: environments.production.ingress.",
      "bare has no addons, and the app declares add-ons. | Name a provider that has: environments.production.addonProvider.",
    ]);
    const worker = { processes: { worker: { command: "x" } } };
    expect(problemsOf(worker, { target: standIn("bare", ["containers", "images", "logs"]) })).toEqual([]);
  });
});
