import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Releases. */
export default function ReleasesPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Releases">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
