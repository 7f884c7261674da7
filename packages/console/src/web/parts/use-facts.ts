import { useEffect, useState } from "preact/hooks";
import { type ApiError, post } from "../api.js";
import { asApiError } from "./use-action.js";

/** What a one-time link is for: asked of the server, which does not use it up. */
export function useFacts<Facts>(
  path: string,
  secret: string,
): { readonly facts: Facts | undefined; readonly error: ApiError | undefined; again(): void } {
  const [facts, setFacts] = useState<Facts>();
  const [error, setError] = useState<ApiError>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    setError(undefined);
    post<Facts>(path, { secret }).then(setFacts, (cause) => setError(asApiError(cause)));
  }, [path, secret, round]);
  return { facts, error, again: () => setRound((before) => before + 1) };
}
