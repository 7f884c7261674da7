import type { DeployEvent } from "@deploy/core";

/** Shows a run while it is under way. */
export interface Reporter {
  event(event: DeployEvent): void | Promise<void>;
  /** A sentence of our own, between events. */
  note(text: string): void;
  /** Ends the display; whatever was animated stops. */
  close(): void;
}
