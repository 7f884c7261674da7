import type { ComponentChildren, JSX } from "preact";
import type { Action } from "../../access/actions.js";
import { Button } from "../components/index.js";
import { may } from "../session.js";
import { neededRole } from "./rights.js";

/**
 * A button for what needs a role. Who has it not sees it all the same, cannot press it, and reads in it which role it
 * takes: the one rule for all pages.
 */
export function AllowedButton(props: {
  readonly action: Action;
  readonly app?: string;
  readonly kind?: "default" | "primary" | "danger" | "quiet";
  readonly small?: boolean;
  readonly busy?: boolean;
  /** Cannot be pressed for another reason, which is said on hover. */
  readonly refused?: string | undefined;
  readonly label?: string;
  onClick(): void;
  readonly children: ComponentChildren;
}): JSX.Element {
  const allowed = may(props.action, props.app);
  return (
    <Button
      kind={props.kind ?? "default"}
      small={props.small === true}
      busy={props.busy === true}
      disabled={!allowed || props.refused !== undefined}
      title={allowed ? props.refused : `Needs the role ${neededRole(props.action)}`}
      aria-label={
        props.label === undefined || allowed
          ? props.label
          : `${props.label} (needs ${neededRole(props.action)})`
      }
      onClick={props.onClick}
    >
      {props.children}
      {allowed ? null : <span class="needs">{neededRole(props.action)}</span>}
    </Button>
  );
}
