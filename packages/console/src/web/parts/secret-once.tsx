import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { CopyButton, Notice, RelativeTime } from "../components/index.js";

/** A link or a token that is shown this one time. */
export function SecretOnce(props: {
  readonly title: string;
  readonly secret: string;
  readonly expiresAt: number;
  readonly about: string;
}): JSX.Element {
  const id = useId();
  return (
    <Notice kind="good" title={props.title}>
      <div class="stack">
        <p>
          {props.about} It is shown only now, and expires <RelativeTime at={props.expiresAt} />.
        </p>
        <div class="secret-once">
          <label class="visually-hidden" for={id}>
            {props.title}
          </label>
          <input
            id={id}
            class="input mono"
            readOnly
            value={props.secret}
            onFocus={(event) => event.currentTarget.select()}
          />
          <CopyButton text={props.secret} />
        </div>
      </div>
    </Notice>
  );
}
