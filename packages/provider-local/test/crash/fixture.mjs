import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A process that prints numbered lines, so that a lost or doubled one shows, and answers with what it is. */
const processFile = `import { createServer } from "node:http";
const { DEPLOY_RUN_ID: run, DEPLOY_RELEASE: release, PORT: port } = process.env;
let line = 0;
const print = () => console.log("L " + run + " " + (line += 1));
setInterval(print, 20);
process.on("SIGTERM", () => {
  console.log("END " + run + " " + line);
  process.exit(0);
});
if (port) createServer((request, response) => response.end(CONTENT + " " + release)).listen(port);
`;

/** Each migration is recorded in one transaction, and counted: running it twice at once would show. */
const releaseFile = `psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -q <<'SQL'
create table if not exists migrations (release int, at timestamptz default now());
create table if not exists rows (n int primary key);
begin;
select pg_advisory_xact_lock(1);
insert into migrations (release) values (:release);
select pg_sleep(0.15);
commit;
SQL
`;

/** Writes the app that is deployed, killed and deployed again. */
export function writeApp(directory, packages) {
  prepare(directory, packages);
  writeFileSync(
    join(directory, "deploy.config.mjs"),
    `import { defineApp } from "@deploy/core";
export default defineApp({
  name: "crash",
  build: { command: "sleep 0.1 && cat content.txt > built.txt" },
  processes: {
    web: { command: "exec node process.mjs", health: "/", drain: "300 ms", stopWithin: "2 s" },
    worker: { command: ["node", "process.mjs"], stopWithin: "2 s" },
  },
  release: "sh release.sh",
  secrets: ["SECRET_KEY"],
  addons: { db: { kind: "postgres" } },
});
`,
  );
  writeFileSync(
    join(directory, "release.sh"),
    releaseFile.replace(":release", "$DEPLOY_RELEASE").replace("<<'SQL'", "<<SQL"),
  );
  setContent(directory, "first");
}

/** Changes what the app answers: the next `up` is another release. */
export function setContent(directory, content) {
  writeFileSync(join(directory, "process.mjs"), processFile.replace("CONTENT", JSON.stringify(content)));
  writeFileSync(join(directory, "content.txt"), `${content}\n`);
}

/** Writes an app without add-ons and secrets, which nobody touches: the neighbour of the one that is killed. */
export function writeBystander(directory, packages) {
  prepare(directory, packages);
  writeFileSync(
    join(directory, "deploy.config.mjs"),
    `import { defineApp } from "@deploy/core";
export default defineApp({
  name: "bystander",
  processes: { web: { command: "exec node process.mjs", health: "/", stopWithin: "2 s" } },
});
`,
  );
  writeFileSync(join(directory, "process.mjs"), processFile.replace("CONTENT", '"bystander"'));
}

function prepare(directory, packages) {
  mkdirSync(join(directory, "node_modules", "@deploy"), { recursive: true });
  symlinkSync(join(packages, "core"), join(directory, "node_modules", "@deploy", "core"));
  writeFileSync(join(directory, ".gitignore"), "node_modules\n");
}
