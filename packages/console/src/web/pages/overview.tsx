import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Overview. */
export default function OverviewPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Overview">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
