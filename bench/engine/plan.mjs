import { preparePlan, systemClock } from "../../packages/core/dist/index.js";
import { readAll } from "./reference.mjs";

/*
 * One process, two ways to find out that nothing has to be done, in turns: prints CPU seconds of each and the peak of
 * memory. Arguments: how many resources, how many rounds.
 */
const count = Number(process.argv[2]);
const rounds = Number(process.argv[3]);

const turn = () => new Promise((resolve) => setImmediate(resolve));

function makeResources() {
  const made = [];
  for (let index = 0; index < count; index += 1) {
    const state = {
      name: `thing-${index}`,
      size: index % 7,
      tags: { app: "shop", part: String(index % 13) },
    };
    const after = index % 10 === 0 ? [] : [made[index - 1]];
    const read = async () => {
      await turn();
      return { ...state };
    };
    const id = `bench/containers/thing-${index}`;
    made.push({
      id,
      label: id,
      provider: "bench",
      element: "containers",
      desired: { ...state },
      after,
      read,
    });
  }
  return made;
}

const provider = { spec: 1, name: "bench", credentials: {} };
const context = {
  signal: new AbortController().signal,
  env: {},
  fetch,
  clock: systemClock,
  directory: "/",
};

async function cpuOf(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const peakMb = () => process.resourceUsage().maxRSS / 1024;
let maxRssMb = 0;
const engine = [];
const reference = [];
for (let round = 0; round < rounds; round += 1) {
  const resources = makeResources();
  const scope = { app: "shop", environment: "production" };
  engine.push(
    await cpuOf(async () => {
      const input = { scope, operation: "up", providers: [provider], resources, prune: true, context };
      const { plan } = await preparePlan(input);
      if (plan.unchanged !== count || plan.changes.length > 0) throw new Error("the plan should be empty");
    }),
  );
  // Before the reference has a part in it; the first round is what a command line lives through.
  if (round === 0) maxRssMb = peakMb();
  reference.push(
    await cpuOf(async () => {
      if ((await readAll(resources, 16)).length > 0) throw new Error("nothing should differ");
    }),
  );
}
process.stdout.write(JSON.stringify({ engine, reference, maxRssMb }));
