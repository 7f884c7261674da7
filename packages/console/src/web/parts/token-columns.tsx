import type { ApiToken } from "../../shared/access-types.js";
import { type Column, RelativeTime } from "../components/index.js";
import { plain } from "./plain.js";

/** What every table of API tokens says of one; each page has more of its own. */
export const TOKEN_COLUMNS: {
  readonly name: Column<ApiToken>;
  readonly role: Column<ApiToken>;
  readonly used: Column<ApiToken>;
  readonly expires: Column<ApiToken>;
} = {
  name: { key: "name", title: "Name", cell: (token) => plain(token.name) },
  role: { key: "role", title: "Role", cell: (token) => token.role },
  used: {
    key: "used",
    title: "Last used",
    cell: (token) =>
      token.lastUsedAt === undefined ? (
        <span class="muted">never</span>
      ) : (
        <RelativeTime at={token.lastUsedAt} />
      ),
  },
  expires: { key: "expires", title: "Expires", cell: (token) => <RelativeTime at={token.expiresAt} /> },
};
