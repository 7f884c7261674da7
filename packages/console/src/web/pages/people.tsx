import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** People. */
export default function PeoplePage(_props: PageProps): JSX.Element {
  return (
    <Page title="People">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
