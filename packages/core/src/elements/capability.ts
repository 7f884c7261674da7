/** Whether a provider can do something: `true`, or the reason why not, as data that is known before any call. */
export type Support = true | { readonly no: string; readonly link?: string };

/** Whether `support` is a yes. */
export function isSupported(support: Support | undefined): support is true {
  return support === true;
}
