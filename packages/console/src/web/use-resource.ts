import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, isAbort } from "./api.js";

/** Something that is asked of the server. */
export interface Resource<T> {
  /** What was answered last; stays while it is asked for again. */
  readonly data?: T;
  /** Why the last try failed. */
  readonly error?: ApiError;
  readonly loading: boolean;
  /** Asks again. */
  reload(): void;
  /** Shows this at once, such as what a write has answered. */
  set(data: T): void;
}

/** Milliseconds between two questions, or how to tell from what was answered last. */
export type Every<T> = number | ((data: T | undefined) => number);

/**
 * Asks for `path`, again when it changes, and every `every` milliseconds while the page is visible.
 *
 * `undefined` as a path asks for nothing. What has been answered for another path is not shown.
 */
export function useResource<T>(
  path: string | undefined,
  options: { readonly every?: Every<T> } = {},
): Resource<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: ApiError; loading: boolean }>({
    loading: path !== undefined,
  });
  const [round, setRound] = useState(0);
  const mounted = useRef(true);
  useEffect(
    () => () => {
      mounted.current = false;
    },
    [],
  );

  useEffect(() => {
    if (path === undefined) return;
    const controller = new AbortController();
    setState((before) =>
      before.path === path && before.data !== undefined
        ? { path, data: before.data, loading: true }
        : { path, loading: true },
    );
    get<T>(path, { signal: controller.signal }).then(
      (data) => setState({ path, data, loading: false }),
      (error: unknown) => {
        if (isAbort(error)) return;
        const known =
          error instanceof ApiError ? error : new ApiError(0, "console.unexpected", String(error));
        setState((before) =>
          before.data !== undefined
            ? { path, data: before.data, error: known, loading: false }
            : { path, error: known, loading: false },
        );
      },
    );
    return () => controller.abort();
  }, [path, round]);

  const every = typeof options.every === "function" ? options.every(state.data) : options.every;
  useEffect(() => {
    if (every === undefined || path === undefined) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") setRound((before) => before + 1);
    }, every);
    return () => clearInterval(timer);
  }, [path, every]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const set = useCallback((data: T) => {
    if (mounted.current) setState((before) => ({ ...before, data, loading: false }));
  }, []);
  const shown = state.path === path;
  return {
    ...(shown && state.data !== undefined ? { data: state.data } : {}),
    ...(shown && state.error !== undefined ? { error: state.error } : {}),
    loading: shown ? state.loading : path !== undefined,
    reload,
    set,
  };
}
