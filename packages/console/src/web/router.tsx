/**
 * Addresses: real ones, by the history API, as a signal.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";

/** Where the browser is. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly hash: string;
}

const read = (): Place => ({
  path: window.location.pathname,
  query: new URLSearchParams(window.location.search),
  hash: window.location.hash,
});

/** Where the browser is, now and after each navigation. */
export const place: Signal<Place> = signal(read());

/** Counts visits by link or by the back button, which move the focus to the page's heading; not the changes a page makes to its own query. */
export const visit: Signal<number> = signal(0);

window.addEventListener("popstate", () => {
  const before = place.value.path;
  place.value = read();
  if (place.value.path !== before) visit.value++;
});

/** Goes to an address of the console. */
export function navigate(to: string, options: { readonly replace?: boolean } = {}): void {
  const before = place.value.path;
  if (options.replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  place.value = read();
  if (place.value.path !== before) {
    visit.value++;
    window.scrollTo(0, 0);
  }
}

/** Changes the query of the page one is on; an undefined value removes the name. Default: no new entry in the history. */
export function setQuery(
  changes: Readonly<Record<string, string | readonly string[] | undefined>>,
  options: { readonly push?: boolean } = {},
): void {
  const query = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    if (value === undefined) continue;
    for (const one of typeof value === "string" ? [value] : value) query.append(name, one);
  }
  const search = query.toString();
  const to = `${window.location.pathname}${search === "" ? "" : `?${search}`}${window.location.hash}`;
  if (to === `${window.location.pathname}${window.location.search}${window.location.hash}`) return;
  navigate(to, { replace: options.push !== true });
}

/** Forgets what is behind the `#`: a secret must not stay in the address bar. */
export function dropHash(): void {
  history.replaceState(null, "", window.location.pathname + window.location.search);
  place.value = read();
}

/** An address within the console, or `/`: never one that leads elsewhere. */
export function localAddress(to: string | null | undefined): string {
  if (to === null || to === undefined || !/^\/(?![/\\])/.test(to)) return "/";
  const url = new URL(to, window.location.origin);
  return url.origin === window.location.origin ? url.pathname + url.search + url.hash : "/";
}

/** What `pattern` (`/apps/:app/:environment/logs`) finds in `path`, decoded; undefined when it does not fit. */
export function match(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split("/");
  const given = path.replace(/(.)\/$/, "$1").split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index]!;
    if (!part.startsWith(":")) {
      if (part !== value) return undefined;
      continue;
    }
    try {
      params[part.slice(1)] = decodeURIComponent(value);
    } catch {
      return undefined;
    }
  }
  return params;
}

/** Page of an app's environment: `pageOf("shop", "review/12", "logs")`. */
export function pageOf(app: string, environment: string, page: string): string {
  return `/apps/${encodeURIComponent(app)}/${encodeURIComponent(environment)}/${page}`;
}

interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly title?: string;
  readonly "aria-label"?: string;
  readonly "aria-current"?: "page" | "true" | undefined;
  readonly children?: ComponentChildren;
}

/** A link within the console; a real one, so that it can be opened in another tab. */
export function Link({ to, children, ...rest }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a {...rest} href={to} onClick={follow}>
      {children}
    </a>
  );
}
