import type { Provider } from "@deploy/core";
import type { ReferenceVendor } from "../reference/vendor.js";
import type { Subject } from "../subject.js";
import { type Around, instrument } from "../workbench/instrument.js";

/** A deliberately wrong provider: one fault, and the scenario that has to catch it. */
export interface BrokenProvider {
  /** What is wrong with it, in a clause. */
  readonly fault: string;
  /** Name of the scenario which has to fail. */
  readonly caughtBy: string;
  /** Makes the fault; the vendor is the one that the provider speaks to. */
  readonly breakIt: (provider: Provider, vendor: ReferenceVendor) => Provider;
  /** What its author tells the kit that is not so. Default: nothing. */
  readonly claims?: Pick<Subject, "isRead" | "isIdempotent">;
}

/** One broken provider. */
export function broken(fault: string, caughtBy: string, breakIt: BrokenProvider["breakIt"]): BrokenProvider {
  return { fault, caughtBy, breakIt };
}

/** The same provider with other methods in one element. */
export function withPart<Name extends keyof Provider>(
  provider: Provider,
  name: Name,
  change: (part: NonNullable<Provider[Name]>) => Partial<NonNullable<Provider[Name]>>,
): Provider {
  const part = provider[name] as NonNullable<Provider[Name]>;
  return { ...provider, [name]: { ...(part as object), ...(change(part) as object) } };
}

/** The same provider with something around the calls of one path, of one element's resources where that is given. */
export function withCall(provider: Provider, path: string, around: Around, element?: string): Provider {
  return instrument(provider, (call, run) => {
    const isMeant = call.path === path && (element === undefined || call.id?.split("/")[1] === element);
    return isMeant ? around(call, run) : run();
  });
}
