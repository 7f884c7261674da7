import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Runs. */
export default function RunsPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Runs">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
