import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError } from "../api.js";
import { Button } from "./button.js";
import { Field, TextInput } from "./field.js";
import { ErrorNotice } from "./notice.js";

interface DialogProps {
  readonly open: boolean;
  readonly title: string;
  readonly wide?: boolean;
  onClose(): void;
  readonly children?: ComponentChildren;
  /** Buttons. */
  readonly footer?: ComponentChildren;
}

/** A native modal dialog: the browser keeps the focus in it, closes it with Escape and gives the focus back. */
export function Dialog({ open, title, wide, onClose, children, footer }: DialogProps): JSX.Element | null {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    if (open && dialog !== null && !dialog.open) dialog.showModal();
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={element}
      class={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === element.current) element.current?.close();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <div class="dialog-inside">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button
            type="button"
            class="icon-button"
            aria-label="Close"
            onClick={() => element.current?.close()}
          >
            ✕
          </button>
        </header>
        <div class="dialog-body">{children}</div>
        {footer === undefined ? null : <footer class="dialog-foot">{footer}</footer>}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  readonly open: boolean;
  readonly title: string;
  /** What the button says that does it: `Roll back to 12`. */
  readonly action: string;
  readonly danger?: boolean;
  /** It can only be done once this was typed. */
  readonly typed?: string;
  /** Does it; a failure is shown and the dialog stays. `typed` is what was typed. */
  onConfirm(typed: string): Promise<void>;
  onClose(): void;
  readonly children?: ComponentChildren;
}

/** Asks before something is done, with a name to type where one is given. */
export function Confirm(props: ConfirmProps): JSX.Element {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const form = useId();
  const close = (): void => {
    setText("");
    setError(undefined);
    props.onClose();
  };
  const confirm = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await props.onConfirm(text);
      close();
    } catch (cause) {
      setError(cause instanceof ApiError ? cause : new ApiError(0, "console.unexpected", String(cause)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={props.open}
      title={props.title}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            type="submit"
            form={form}
            kind={props.danger ? "danger" : "primary"}
            busy={busy}
            disabled={props.typed !== undefined && text !== props.typed}
          >
            {props.action}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={confirm} class="stack">
        {props.children}
        {props.typed === undefined ? null : (
          <Field label={`Type ${props.typed} to confirm`}>
            <TextInput value={text} onValue={setText} autocomplete="off" spellcheck={false} />
          </Field>
        )}
        {error === undefined ? null : <ErrorNotice error={error} />}
      </form>
    </Dialog>
  );
}
