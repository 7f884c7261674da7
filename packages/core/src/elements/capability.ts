/**
 * Whether a provider can do something: `true`, or the reason why not, as data that is known before any call.
 *
 * Core asks before it plans. A verb whose capability is a no refuses by itself too, with `<element>.unsupported` and
 * without a request, for callers who did not ask.
 */
export type Support = true | { readonly no: string; readonly link?: string };

/** Whether `support` is a yes. */
export function isSupported(support: Support | undefined): support is true {
  return support === true;
}
