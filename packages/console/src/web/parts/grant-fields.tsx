import type { JSX } from "preact";
import type { Role } from "../../shared/access-types.js";
import { Select } from "../components/index.js";
import { me } from "../session.js";
import { ROLE_WORDS, ROLES } from "./rights.js";

// `Field` hands its input an id and what describes it.
interface Described {
  readonly id?: string;
  readonly "aria-describedby"?: string;
}

/** One of the apps one can see, or all of them for who has a role for all. */
export function AppSelect(
  props: Described & {
    readonly value: string;
    readonly apps?: readonly string[];
    onValue(app: string): void;
  },
): JSX.Element {
  const { value, apps, onValue, ...rest } = props;
  const names = apps ?? me.value?.apps.map((one) => one.app) ?? [];
  return (
    <Select
      {...rest}
      value={value}
      onValue={onValue}
      options={[
        ...(me.value?.everywhere === undefined ? [] : [{ value: "*", label: "All apps" }]),
        ...names.filter((name) => name !== "*").map((name) => ({ value: name, label: name })),
      ]}
    />
  );
}

/** One of the roles that one may give. */
export function RoleSelect(
  props: Described & { readonly value: Role; readonly roles: readonly Role[]; onValue(role: Role): void },
): JSX.Element {
  const { value, roles, onValue, ...rest } = props;
  return (
    <Select
      {...rest}
      value={value}
      onValue={(role) => onValue(role as Role)}
      options={roles.map((role) => ({ value: role, label: role }))}
    />
  );
}

/** What the roles are, each including the one before. */
export function RolesExplained(): JSX.Element {
  return (
    <details class="explained">
      <summary>What the roles may do</summary>
      <dl class="facts">
        {ROLES.map((role) => (
          <div key={role}>
            <dt>{role}</dt>
            <dd>{ROLE_WORDS[role]}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
