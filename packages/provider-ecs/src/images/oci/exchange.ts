import { type Context, DeployError, request } from "@deploy/core";

/** As much of a context as talking to a registry needs. */
export type RegistryContext = Pick<Context, "signal" | "clock" | "fetch">;

/** Statuses that are answers when talking to a registry: "who are you" and "there is none". */
const answers: readonly number[] = [401, 404];

/**
 * Makes one request to a registry, with core's time limits and repetitions; 401 and 404 are answers, without a body.
 *
 * @throws `images.forbidden`, `images.throttled`, `images.unavailable`, `images.unreachable`, `images.timeout`,
 * `images.refused`; `run.cancelled`.
 */
export async function exchange(
  context: RegistryContext,
  url: URL,
  init: RequestInit & { readonly duplex?: "half" },
  options: { readonly timeoutMs?: number; readonly safe?: boolean } = {},
): Promise<Response> {
  let last: Response | undefined;
  const fetch: Context["fetch"] = async (input, sent) => {
    last = await context.fetch(input, sent);
    return last;
  };
  try {
    return await request({ ...context, fetch }, url, init, { code: "images", ...options });
  } catch (error) {
    const status = DeployError.is(error) ? error.details.status : undefined;
    if (last !== undefined && last.status === status && answers.includes(last.status)) return last;
    throw error;
  }
}
