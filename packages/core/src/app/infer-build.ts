/** The files beside a Procfile that an app is inferred from. */
export const procfileCompanions: readonly string[] = [
  "package.json",
  "package-lock.json",
  "npm-shrinkwrap.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "requirements.txt",
  "uv.lock",
  "Pipfile",
  "poetry.lock",
  "Gemfile",
  "go.mod",
  "pom.xml",
  "build.gradle",
];

type Files = Readonly<Record<string, string>>;

/** How an app is built on this machine, and why. */
export interface InferredBuild {
  /** Run by `sh -c` in a copy of the source; absent: there is nothing to build. */
  readonly command?: string;
  readonly reasons: readonly string[];
}

interface Recipe {
  readonly command: string;
  readonly reason: string;
}

/**
 * The build command for what the files name, Node and Python together where both are there.
 *
 * What it installs lies inside the source (`node_modules/.bin`, `.venv/bin`), so a provider which runs it has to put
 * these two on `PATH` before everything else.
 */
export function inferBuild(files: Files): InferredBuild {
  const recipes = [nodeRecipe(files), pythonRecipe(files)].filter((recipe) => recipe !== undefined);
  const unknown = ["Pipfile", "poetry.lock", "Gemfile", "go.mod", "pom.xml", "build.gradle"].find((file) =>
    Object.hasOwn(files, file),
  );
  if (recipes.length > 0) {
    return {
      command: recipes.map(({ command }) => command).join(" && "),
      reasons: recipes.map(
        ({ command, reason }) => `Without a container it is built by "${command}", because of ${reason}.`,
      ),
    };
  }
  if (unknown === undefined) return { reasons: ["Nothing is built: the source runs as it is."] };
  return { reasons: [`Nothing is built: what to do with ${unknown} is yours to say in build.command.`] };
}

function nodeRecipe(files: Files): Recipe | undefined {
  if (!Object.hasOwn(files, "package.json")) return undefined;
  const managers = [
    ["pnpm-lock.yaml", "pnpm", "pnpm install --frozen-lockfile"],
    ["yarn.lock", "yarn", "yarn install --frozen-lockfile"],
    ["package-lock.json", "npm", "npm ci"],
    ["npm-shrinkwrap.json", "npm", "npm ci"],
    ["package.json", "npm", "npm install"],
  ] as const;
  const [file, manager, install] = managers.find(([lock]) => Object.hasOwn(files, lock))!;
  const scripts = fieldsOf(manifestOf(files), "scripts");
  const script = ["heroku-postbuild", "build"].find((name) => Object.hasOwn(scripts, name));
  return script === undefined
    ? { command: install, reason: file }
    : { command: `${install} && ${manager} run ${script}`, reason: `${file} and the script ${script}` };
}

function pythonRecipe(files: Files): Recipe | undefined {
  if (Object.hasOwn(files, "uv.lock")) return { command: "uv sync --frozen", reason: "uv.lock" };
  if (!Object.hasOwn(files, "requirements.txt")) return undefined;
  const command = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
  return { command, reason: "requirements.txt" };
}

const drivers: readonly (readonly [kind: string, addon: string, packages: readonly string[]])[] = [
  [
    "postgres",
    "db",
    ["pg", "pg-promise", "postgres", "psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000"],
  ],
  ["redis", "cache", ["redis", "ioredis", "bull", "bullmq", "rq", "django-redis"]],
];

/** A sentence for each kind of add-on that a driver is asked for: whether it is needed only a person knows. */
export function suggestAddons(files: Files): readonly string[] {
  const asked = [
    ...Object.keys(fieldsOf(manifestOf(files), "dependencies")).map(
      (name) => [name, "package.json"] as const,
    ),
    ...requirements(files["requirements.txt"] ?? "").map((name) => [name, "requirements.txt"] as const),
  ];
  return drivers.flatMap(([kind, addon, packages]) => {
    const found = asked.find(([name]) => packages.includes(name));
    if (found === undefined) return [];
    return `${found[1]} asks for ${found[0]}: if the app needs a ${kind}, declare addons: { ${addon}: { kind: "${kind}" } }.`;
  });
}

/** Names of packages in a requirements file, normalised as Python does. */
function requirements(text: string): readonly string[] {
  return text.split(/\r\n|\n|\r/).flatMap((line) => {
    const name = /^\s*([A-Za-z0-9][\w.-]*)/.exec(line)?.[1];
    return name === undefined ? [] : [name.toLowerCase().replace(/[-_.]+/g, "-")];
  });
}

/** What package.json says; nothing when it cannot be read, which npm will say better. */
function manifestOf(files: Files): unknown {
  try {
    return JSON.parse(files["package.json"] ?? "{}");
  } catch {
    return {};
  }
}

function fieldsOf(manifest: unknown, key: string): Readonly<Record<string, unknown>> {
  const value =
    typeof manifest === "object" && manifest !== null ? (manifest as Record<string, unknown>)[key] : {};
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
