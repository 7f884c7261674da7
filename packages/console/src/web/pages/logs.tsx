import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Logs. */
export default function LogsPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Logs">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
