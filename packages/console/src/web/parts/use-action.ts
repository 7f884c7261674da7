import { useState } from "preact/hooks";
import { ApiError } from "../api.js";

/** Something that is sent to the server by a press of a button. */
export interface Sending {
  readonly busy: boolean;
  readonly error: ApiError | undefined;
  /** Does it; a failure is in `error`, and answers with false. */
  run(action: () => Promise<void>): Promise<boolean>;
  clear(): void;
}

/** The state of a form that is sent. */
export function useAction(): Sending {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  return {
    busy,
    error,
    run: async (action) => {
      setBusy(true);
      setError(undefined);
      try {
        await action();
        return true;
      } catch (cause) {
        setError(asApiError(cause));
        return false;
      } finally {
        setBusy(false);
      }
    },
    clear: () => setError(undefined),
  };
}

/** Whatever was thrown, as a page shows it. */
export function asApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError(0, "console.unexpected", String(cause));
}
