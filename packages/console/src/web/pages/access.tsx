import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Access. */
export default function AccessPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Access">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
