import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Audit. */
export default function AuditPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Audit">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
