import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Invitation. */
export default function InvitationPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Invitation">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
