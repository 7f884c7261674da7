import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Domains. */
export default function AllDomainsPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Domains">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
