import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Shell. */
export default function ShellPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Shell">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
