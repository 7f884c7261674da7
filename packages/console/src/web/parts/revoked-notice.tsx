import type { JSX } from "preact";
import type { Revoked } from "../../shared/access-types.js";
import { Notice } from "../components/index.js";
import { plain } from "./plain.js";
import { counted, listed } from "./units.js";

/** What revoking somebody has ended, and what is left to do by hand. */
export function RevokedNotice(props: { readonly email: string; readonly result: Revoked }): JSX.Element {
  const { ended, providers } = props.result;
  const left = providers.filter((one) => one.problem !== undefined);
  const taken = providers.filter((one) => one.problem === undefined && one.apps.length > 0);
  return (
    <Notice
      kind={left.length === 0 ? "good" : "bad"}
      title={`${plain(props.email)} has no access to this console any longer.`}
    >
      <p>
        Ended:{" "}
        {listed([
          counted(ended.grants, "role"),
          counted(ended.sessions, "session"),
          counted(ended.tokens, "API token"),
          counted(ended.invitations, "invitation"),
        ])}
        .
      </p>
      {taken.map((one) => (
        <p key={`${one.app} ${one.environment}`}>
          {one.app} / {one.environment}: taken off {listed(one.apps.map(plain))} at the provider.
        </p>
      ))}
      {left.map((one) => (
        <p key={`${one.app} ${one.environment}`}>
          <strong>
            {one.app} / {one.environment}: still to be done by hand.
          </strong>{" "}
          {plain(one.problem!.message)} {plain(one.problem!.hint ?? "")}
        </p>
      ))}
    </Notice>
  );
}
