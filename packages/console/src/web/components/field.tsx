import { type ComponentChild, cloneElement, type JSX, type VNode } from "preact";
import { useId } from "preact/hooks";

/** A label, its one input, and what is to be said about it; ties them together for screen readers. */
export function Field(props: {
  readonly label: ComponentChild;
  readonly hint?: ComponentChild;
  readonly error?: string | undefined;
  readonly children: VNode<object>;
}): JSX.Element {
  const id = useId();
  const about = props.error !== undefined || props.hint !== undefined ? `${id}-about` : undefined;
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {props.label}
      </label>
      {cloneElement(props.children as VNode<Record<string, unknown>>, {
        id,
        "aria-describedby": about,
        "aria-invalid": props.error === undefined ? undefined : "true",
      })}
      {about === undefined ? null : (
        <div id={about} class={props.error === undefined ? "field-hint" : "field-error"}>
          {props.error ?? props.hint}
        </div>
      )}
    </div>
  );
}

interface TextInputProps {
  readonly value: string;
  onValue(value: string): void;
  readonly type?: "text" | "password" | "email" | "search" | "number" | "datetime-local";
  readonly name?: string;
  readonly placeholder?: string;
  readonly autocomplete?: string;
  readonly inputMode?: "numeric" | "email";
  readonly spellcheck?: boolean;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: number | string;
  readonly max?: number | string;
  /** For an input that stands in no {@link Field}. */
  readonly "aria-label"?: string;
}

/** A line of text. */
export function TextInput({ onValue, type = "text", ...rest }: TextInputProps): JSX.Element {
  // The types of JSX know one shape per type of input; this has one for all of them.
  const attributes = { ...rest, type } as JSX.IntrinsicElements["input"];
  return <input {...attributes} class="input" onInput={(event) => onValue(event.currentTarget.value)} />;
}

interface SelectProps {
  readonly value: string;
  onValue(value: string): void;
  readonly options: readonly {
    readonly value: string;
    readonly label: string;
    readonly disabled?: boolean;
  }[];
  readonly name?: string;
  readonly disabled?: boolean;
  /** For a select that stands in no {@link Field}. */
  readonly "aria-label"?: string;
}

/** One of a few. */
export function Select({ onValue, options, ...rest }: SelectProps): JSX.Element {
  return (
    <select {...rest} class="input select" onChange={(event) => onValue(event.currentTarget.value)}>
      {options.map((option) => (
        <option
          key={option.value}
          value={option.value}
          disabled={option.disabled}
          selected={option.value === rest.value}
        >
          {option.label}
        </option>
      ))}
    </select>
  );
}
