import type { JSX } from "preact";
import { Empty, Page, type PageProps } from "../components/index.js";

/** Sign in. */
export default function SignInPage(_props: PageProps): JSX.Element {
  return (
    <Page title="Sign in">
      <Empty title="Nothing here yet" />
    </Page>
  );
}
