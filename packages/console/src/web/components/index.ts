/**
 * What pages are made of.
 *
 * - `Page` title, actions, children: the frame of one page; sets the document's title and its `<h1>`.
 * - `Layout` (used by main.tsx alone): header with the switcher, tabs, `<main>`.
 * - `Button` kind `primary|danger|quiet`, busy; `LinkButton` looks alike and goes somewhere; `CopyButton` text.
 * - `Table` caption (for screen readers), columns (`{ key, title, cell, align?, narrow? }`), rows, keyOf: scrolls sideways by itself.
 * - `Field` label, hint, error around one input; `Select`, `TextInput` are plain elements, styled.
 * - `Dialog` open, title, onClose, footer: a native `<dialog>`; `Confirm` asks, with a typed name where one is given.
 * - `Notice` kind `info|good|warn|bad`, title; `ErrorNotice` shows an ApiError with its hint and "Try again".
 * - `Badge` kind, `Dot` kind; `Empty` title, children; `Loading` label; `RelativeTime` at (ms); `Duration` ms; `Code`.
 * - `Loaded` resource, children(data): the three states of `useResource` in one.
 * - `toast(text, kind?)`: says something in passing, in a live region.
 *
 * To add a page: a file in `pages/` with a default export that takes `PageProps` (`params` of its address, decoded),
 * and one line in `routes.ts`. Data comes by `useResource(path, { every? })`, writes go by `post`/`del` of `api.ts`.
 * Styles go to a `.css` file beside the page, by the custom properties of `theme.css`; it is loaded with the page.
 * Never `innerHTML` or a `style` string: `style={{ … }}` is set by script property by property, which the policy allows.
 *
 * @module
 */

export { Badge, Dot, type Kind } from "./badge.js";
export { Button, CopyButton, LinkButton } from "./button.js";
export { Confirm, Dialog } from "./dialog.js";
export { Field, Select, TextInput } from "./field.js";
export { ErrorNotice, Notice } from "./notice.js";
export { Code, Empty, Loaded, Loading, Page, type PageProps } from "./page.js";
export { type Column, Table } from "./table.js";
export { Duration, RelativeTime } from "./time.js";
export { toast } from "./toast.js";
