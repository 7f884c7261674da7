import type { ComponentChildren, JSX } from "preact";
import { Link } from "../router.js";
import { toast } from "./toast.js";

type ButtonKind = "default" | "primary" | "danger" | "quiet";

type ButtonProps = Omit<JSX.IntrinsicElements["button"], "kind"> & {
  readonly kind?: ButtonKind;
  readonly small?: boolean;
  /** It does it already: cannot be pressed, and says so. */
  readonly busy?: boolean;
  readonly children?: ComponentChildren;
};

/** A button; of type `button` unless told otherwise. */
export function Button({ kind = "default", small, busy, children, ...rest }: ButtonProps): JSX.Element {
  return (
    <button
      type="button"
      {...rest}
      class={`button button-${kind}${small ? " button-small" : ""}`}
      aria-busy={busy ? "true" : undefined}
      disabled={busy ? true : rest.disabled}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : null}
      {children}
    </button>
  );
}

/** Goes somewhere and looks like a button. */
export function LinkButton(props: {
  readonly to: string;
  readonly kind?: ButtonKind;
  readonly small?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <Link
      to={props.to}
      class={`button button-${props.kind ?? "default"}${props.small ? " button-small" : ""}`}
    >
      {props.children}
    </Link>
  );
}

/** Copies `text`, and says that it did. */
export function CopyButton({ text, label = "Copy" }: { readonly text: string; readonly label?: string }) {
  return (
    <Button small onClick={() => void copy(text)}>
      {label}
    </Button>
  );
}

/** Puts `text` on the clipboard, and says so; pages that are not served securely have none: then it says that. */
export async function copy(text: string, said = "Copied"): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast("The browser does not let this page use the clipboard.", "bad");
  }
}
