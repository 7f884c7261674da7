import type { Clock, Context } from "../../context.js";
import type { Provider, ProviderLimits } from "../../elements/provider.js";
import type { ElementName } from "../../elements/scope.js";
import { DeployError } from "../../errors.js";
import type { In } from "../out.js";
import type { Foreign, Owned, Resource } from "../resource.js";

/** What the vendor holds under a name. */
export interface Thing {
  readonly data: Readonly<Record<string, unknown>>;
  /** An id that only the vendor hands out: new with every creation, and where it renews with every update. */
  readonly arn: string;
  readonly ours: boolean;
  /** When it can be used, by the clock. */
  readonly readyAt: number;
}

/** A thing as `read` answers it. */
export type Seen = Readonly<Record<string, unknown>> & { readonly arn: string; readonly readyAt: number };

/** How the vendor behaves. */
export interface VendorOptions {
  readonly name?: string;
  readonly clock: Clock;
  /** Milliseconds that a call takes. Default 50. */
  readonly latency?: number;
  readonly limits?: ProviderLimits;
  /** Called around every call; throws to fail it, before or after it took effect. */
  readonly disturb?: (call: Call) => void;
  /** Adds to what `owned` says of a thing. */
  readonly owned?: (id: string) => Partial<Owned>;
}

/** One call as the vendor sees it. */
export interface Call {
  readonly verb: "read" | "create" | "update" | "adopt" | "delete" | "owned";
  readonly id: string;
  readonly phase: "before" | "after";
  readonly at: number;
}

/** A vendor in memory. */
export interface Vendor {
  readonly provider: Provider;
  readonly things: Map<string, Thing>;
  /** Every call that reached it, at the time it began. */
  readonly calls: Call[];
  /** Calls that changed something, as `verb id`. */
  mutations(): readonly string[];
  mostAtOnce(): number;
  resource(
    name: string,
    desired: In<Record<string, unknown>>,
    more?: Extra,
  ): Resource<Record<string, unknown>, Seen>;
  put(name: string, data: Record<string, unknown>, more?: Partial<Thing>): void;
}

/** What a test adds to a resource. */
export type Extra = Partial<Omit<Resource<Record<string, unknown>, Seen>, "id" | "desired">> & {
  /** Milliseconds until it is ready once it was made. */
  readonly readyAfter?: number;
};

/** A vendor that holds nothing yet. */
export function createVendor(options: VendorOptions): Vendor {
  const { clock } = options;
  const name = options.name ?? "acme";
  const things = new Map<string, Thing>();
  const calls: Call[] = [];
  let serial = 0;
  let running = 0;
  let mostAtOnce = 0;

  const call = async <T>(verb: Call["verb"], id: string, context: Context, effect: () => T): Promise<T> => {
    const made: Call = { verb, id, phase: "before", at: clock.now() };
    calls.push(made);
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    try {
      options.disturb?.(made);
      await clock.sleep(options.latency ?? 50, context.signal);
      const answer = effect();
      options.disturb?.({ ...made, phase: "after" });
      return answer;
    } finally {
      running -= 1;
    }
  };
  const seen = (thing: Thing): Seen => ({ ...thing.data, arn: thing.arn, readyAt: thing.readyAt });
  const arn = (id: string): string => {
    serial += 1;
    return `arn:${id}:${serial}`;
  };

  const idOf = (short: string, element: ElementName): string => `${name}/${element}/${short}`;
  const resource: Vendor["resource"] = (short, desired, more = {}) => {
    const { readyAfter = 0, ...rest } = more;
    const id = idOf(short, rest.element ?? "containers");
    const put = (data: Readonly<Record<string, unknown>>, own: string): Seen => {
      const thing = { data, arn: own, ours: true, readyAt: clock.now() + readyAfter };
      things.set(id, thing);
      return seen(thing);
    };
    return {
      id,
      label: `thing ${short}`,
      provider: name,
      element: "containers",
      desired,
      read: (context): Promise<Seen | Foreign<Seen> | undefined> =>
        call("read", id, context, () => {
          const thing = things.get(id);
          if (thing === undefined) return undefined;
          if (thing.ours) return seen(thing);
          return { foreign: true, description: "made by hand", observed: seen(thing) };
        }),
      pending: (observed) => (observed.readyAt > clock.now() ? "provisioning" : undefined),
      create: (context, data) => call("create", id, context, () => put(data, arn(id))),
      update: (context, data) =>
        call("update", id, context, () =>
          put(data, rest.renews ? arn(id) : (things.get(id)?.arn ?? arn(id))),
        ),
      adopt: (context) =>
        call("adopt", id, context, () => {
          const thing = { ...things.get(id)!, ours: true };
          things.set(id, thing);
          return seen(thing);
        }),
      ...rest,
    };
  };
  return {
    things,
    calls,
    resource,
    mostAtOnce: () => mostAtOnce,
    mutations: () =>
      calls.flatMap(({ verb, id }) => (verb === "read" || verb === "owned" ? [] : [`${verb} ${id}`])),
    put: (short, data, more = {}) => {
      const id = short.includes("/") ? short : idOf(short, "containers");
      things.set(id, { data, arn: arn(id), ours: true, readyAt: 0, ...more });
    },
    provider: {
      spec: 1,
      name,
      credentials: {},
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      owned: (context) =>
        call("owned", "all", context, () =>
          [...things].flatMap(([id, thing]): Owned[] =>
            thing.ours
              ? [
                  {
                    id,
                    label: `thing ${id.slice(id.lastIndexOf("/") + 1)}`,
                    provider: name,
                    element: id.split("/")[1] as ElementName,
                    ...options.owned?.(id),
                    remove: (own) =>
                      call("delete", id, own, () => {
                        things.delete(id);
                      }),
                  },
                ]
              : [],
          ),
        ),
    },
  };
}

/** The error of an answer that never came. */
export function lostAnswer(): DeployError {
  return new DeployError({ code: "acme.unreachable", message: "The answer was lost.", retryable: true });
}
