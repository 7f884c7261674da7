import { answer, notFound, type Route } from "./http.js";
import { fixedId } from "./ids.js";

/** One plan of an add-on service, with its price. */
interface Plan {
  readonly service: string;
  /** With its service: `heroku-postgresql:essential-0`. */
  readonly name: string;
  readonly dollars: number;
  readonly default: boolean;
}

/** An add-on service, and what an attachment without a name is called. */
interface Service {
  readonly name: string;
  readonly human: string;
  /** The first attachment's name, and what the names of add-ons begin with. */
  readonly attachment: string;
  readonly prefix: string;
  readonly many: boolean;
  /** Plans with their monthly price in USD, the default one first. Read at heroku.com/pricing on 2026-07-17. */
  readonly plans: Readonly<Record<string, number>>;
}

const services: readonly Service[] = [
  {
    name: "heroku-postgresql",
    human: "Heroku Postgres",
    attachment: "DATABASE",
    prefix: "postgresql",
    many: true,
    plans: {
      "essential-0": 5,
      "essential-1": 9,
      "essential-2": 20,
      "standard-0": 50,
      "standard-2": 200,
      "premium-0": 200,
      "premium-2": 350,
      "private-0": 300,
    },
  },
  {
    name: "heroku-redis",
    human: "Heroku Key-Value Store",
    attachment: "REDIS",
    prefix: "redis",
    many: true,
    plans: { mini: 3, "premium-0": 15, "premium-1": 30, "premium-2": 60 },
  },
  {
    name: "scheduler",
    human: "Heroku Scheduler",
    attachment: "SCHEDULER",
    prefix: "scheduler",
    many: false,
    plans: { standard: 0 },
  },
  {
    name: "papertrail",
    human: "Papertrail",
    attachment: "PAPERTRAIL",
    prefix: "papertrail",
    many: false,
    plans: { choklad: 0, fixa: 7 },
  },
];

const since = "2012-01-01T12:00:00Z";

/** A service by its name or id. */
export function findService(name: string): Service | undefined {
  return services.find((one) => one.name === name || fixedId(`service ${one.name}`) === name);
}

/** A plan by its name or id; a service's name alone means its default plan. */
export function findPlan(name: string): Plan | undefined {
  const all = services.flatMap((service) => plansOf(service));
  const found = all.find((plan) => plan.name === name || fixedId(`plan ${plan.name}`) === name);
  return found ?? all.find((plan) => plan.service === name && plan.default);
}

function plansOf(service: Service): Plan[] {
  return Object.entries(service.plans).map(([name, dollars], index) => ({
    service: service.name,
    name: `${service.name}:${name}`,
    dollars,
    default: index === 0,
  }));
}

/** The `{id, name}` of a plan. */
export function planRef(name: string): { id: string; name: string } {
  return { id: fixedId(`plan ${name}`), name };
}

/** The `{id, name}` of a service. */
export function serviceRef(name: string): { id: string; name: string } {
  return { id: fixedId(`service ${name}`), name };
}

/** The price of a plan as the API words it. */
export function priceOf(plan: Plan): { cents: number; contract: boolean; metered: boolean; unit: string } {
  return { cents: plan.dollars * 100, contract: false, metered: false, unit: "month" };
}

/** A plan as the API shows it. */
export function describePlan(plan: Plan): unknown {
  const short = plan.name.split(":")[1] ?? plan.name;
  const isPrivate = short.startsWith("private");
  return {
    addon_service: serviceRef(plan.service),
    compliance: null,
    created_at: since,
    default: plan.default,
    description: `${findService(plan.service)?.human} ${short}`,
    human_name: short,
    ...planRef(plan.name),
    installable_inside_private_network: isPrivate || !short.startsWith("essential"),
    installable_outside_private_network: !isPrivate,
    price: priceOf(plan),
    space_default: isPrivate,
    state: "public",
    updated_at: since,
    visible: true,
  };
}

function describeService(service: Service): unknown {
  return {
    cli_plugin_name: null,
    created_at: since,
    human_name: service.human,
    ...serviceRef(service.name),
    state: "ga",
    supported_generations: ["cedar", "fir"].map((name) => ({ id: fixedId(`generation ${name}`), name })),
    supports_multiple_installations: service.many,
    supports_sharing: true,
    updated_at: since,
  };
}

/** The catalogue of add-ons: services and their plans. Prices need no account. */
export function planRoutes(): Route[] {
  const service = (name = ""): Service => findService(name) ?? notFound("add-on service");
  const plan = (name = ""): Plan => findPlan(name) ?? notFound("plan");
  return [
    {
      method: "GET",
      path: "/addon-services",
      list: true,
      open: true,
      handle: () => answer(services.map((one) => describeService(one))),
    },
    {
      method: "GET",
      path: "/addon-services/{service}",
      open: true,
      handle: ({ params }) => answer(describeService(service(params.service))),
    },
    {
      method: "GET",
      path: "/addon-services/{service}/plans",
      list: true,
      open: true,
      shows: "plan",
      handle: ({ params }) => answer(plansOf(service(params.service)).map((one) => describePlan(one))),
    },
    {
      method: "GET",
      path: "/addon-services/{service}/plans/{plan}",
      open: true,
      shows: "plan",
      handle: ({ params }) => {
        const name = params.plan ?? "";
        return answer(
          describePlan(plan(name.includes(":") || name.length === 36 ? name : `${params.service}:${name}`)),
        );
      },
    },
    {
      method: "GET",
      path: "/plans/{plan}",
      open: true,
      shows: "plan",
      handle: ({ params }) => answer(describePlan(plan(params.plan))),
    },
  ];
}
