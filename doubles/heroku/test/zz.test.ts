import { it } from "vitest";
import { createHerokuCli, createHerokuDouble, installHerokuCli } from "../src/index.js";
import { client } from "./client.js";
import { buildSource } from "./source.js";

it("x", async () => {
  const i = await installHerokuCli();
  if ("missing" in i) return;
  const double = await createHerokuDouble({ databases: false });
  const h = client(double, "token-of-owner");
  const cli = await createHerokuCli(i.program, double, "token-of-owner");
  await h.post("/apps", { name: "shop", stack: "container" });
  await buildSource(double, h, "shop", {
    "heroku.yml": "build:\n  docker:\n    web: Dockerfile\nrun:\n  web: sleep 100\n",
    Dockerfile: "FROM x\n",
  });
  for (const a of (process.env.CMDS ?? "").split("|")) console.log(a, await cli.run(a.split(" ")));
  console.log(
    double.violations,
    double.unserved,
    double.failures,
    double.ledger.calls.slice(-6).map((c) => `${c.host} ${c.method} ${c.path} ${c.status} ${c.accept}`),
    double.state.apps[0]?.logs.slice(-8),
  );
  await cli.close();
  await double.close();
}, 60000);
