import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Account. */
export default function AccountPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Account">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
