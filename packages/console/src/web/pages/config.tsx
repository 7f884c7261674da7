import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Config. */
export default function ConfigPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Config">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
