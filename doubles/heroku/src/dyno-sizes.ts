import { answer, notFound, type Route } from "./http.js";
import { fixedId } from "./ids.js";
import { appOf } from "./lookup.js";
import type { World } from "./world.js";

/** Monthly price in USD, memory in GB, and what else tells sizes apart: `ps/type` of the official CLI 11.10.0, and heroku.com/pricing of 2026-07-17. */
const sizes: readonly (readonly [
  name: string,
  dollars: number,
  memory: number,
  units: number,
  kind: Kind,
])[] = [
  ["Eco", 0, 0.5, 0, "common"],
  ["Basic", 7, 0.5, 0.28, "common"],
  ["Standard-1X", 25, 0.5, 1, "common"],
  ["Standard-2X", 50, 1, 2, "common"],
  ["Performance-M", 250, 2.5, 10, "performance"],
  ["Performance-L", 500, 14, 20, "performance"],
  ["Performance-L-RAM", 500, 30, 20, "performance"],
  ["Performance-XL", 750, 62, 30, "performance"],
  ["Performance-2XL", 1500, 126, 60, "performance"],
  ["Private-S", 225, 1, 9, "private"],
  ["Private-M", 450, 2.5, 18, "private"],
  ["Private-L", 900, 14, 36, "private"],
  ["Shield-S", 270, 1, 10.8, "private"],
  ["Shield-M", 540, 2.5, 21.6, "private"],
  ["Shield-L", 1080, 14, 43.2, "private"],
  ["dyno-1c-0.5gb", 25, 0.5, 1, "fir"],
  ["dyno-2c-1gb", 50, 1, 2, "fir"],
  ["dyno-1c-4gb", 80, 4, 3.2, "fir"],
  ["dyno-2c-8gb", 160, 8, 6.4, "fir"],
];

type Kind = "common" | "performance" | "private" | "fir";

/** The `{id, name}` of a size. */
export function dynoSizeRef(name: string): { id: string; name: string } {
  return { id: fixedId(`dyno size ${name}`), name };
}

/** A size by its name in any case, or by its id. */
export function findDynoSize(name: string): string | undefined {
  return sizes.find(([one]) => one.toLowerCase() === name.toLowerCase() || dynoSizeRef(one).id === name)?.[0];
}

/** Whether a size may autoscale. */
export function canAutoscale(name: string): boolean {
  return sizes.some(([one, , , , kind]) => one === name && (kind === "performance" || kind === "private"));
}

const described = sizes.map(([name, dollars, memory, units, kind]) => ({
  architecture: "amd64",
  can_autoscale: kind === "performance" || kind === "private",
  compute: Math.max(1, Math.round(units)),
  cost: { cents: dollars * 100, unit: "month" },
  dedicated: kind !== "common",
  generation: {
    id: fixedId(`generation ${kind === "fir" ? "fir" : "cedar"}`),
    name: kind === "fir" ? "fir" : "cedar",
  },
  ...dynoSizeRef(name),
  infrastructure_tier: kind === "private" ? "private" : "common",
  memory,
  precise_dyno_units: units,
  private_space_only: kind === "private" || kind === "fir",
  product_dyno_tier: name.toLowerCase().split("-")[0] ?? name,
}));

/** The sizes a dyno may have, with prices. */
export function dynoSizeRoutes(world: World): Route[] {
  return [
    {
      method: "GET",
      path: "/dyno-sizes",
      list: true,
      open: true,
      shows: "dyno-size",
      handle: () => answer(described),
    },
    {
      method: "GET",
      path: "/dyno-sizes/{size}",
      open: true,
      shows: "dyno-size",
      handle: ({ params }) => {
        const name = findDynoSize(params.size ?? "");
        return answer(described.find((one) => one.name === name) ?? notFound("dyno size"));
      },
    },
    {
      method: "GET",
      path: "/apps/{app}/available-dyno-sizes",
      list: true,
      shows: "dyno-size",
      handle: (call) => {
        const app = appOf(world, call);
        const mine = described.filter(
          (one) =>
            one.generation.name === app.generation && one.private_space_only === (app.space !== undefined),
        );
        return answer(mine);
      },
    },
  ];
}
