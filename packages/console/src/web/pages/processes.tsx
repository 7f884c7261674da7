import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Processes. */
export default function ProcessesPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Processes">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
