import type { JSX } from "preact";
import type { Action } from "../../access/actions.js";
import { Empty, LinkButton, Page } from "../components/index.js";
import { ACTION_WORDS, neededRole } from "./rights.js";

/** A page that one's role does not reach, and whom to ask. */
export function Forbidden(props: { readonly title: string; readonly action: Action }): JSX.Element {
  return (
    <Page title={props.title}>
      <Empty
        title={`This page needs the role ${neededRole(props.action)}`}
        actions={<LinkButton to="/">To the overview</LinkButton>}
      >
        It takes that role to {ACTION_WORDS[props.action]}. Whoever manages access can give it to you.
      </Empty>
    </Page>
  );
}
