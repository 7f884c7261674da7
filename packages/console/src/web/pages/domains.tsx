import type { JSX } from "preact";
import type { EnvironmentDomains } from "../../shared/app-types.js";
import { environmentPath, post } from "../api.js";
import { Button, ErrorNotice, Loaded, Page, type PageProps } from "../components/index.js";
import { DomainsInFull } from "../parts/domains-view.js";
import { everyUnlessUnseen } from "../parts/every-unless-unseen.js";
import { Age, PartSection } from "../parts/part-view.js";
import { useAction } from "../parts/use-action.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** The domains of an environment: as wanted, as they are, what is wrong and what to do. */
export default function DomainsPage({ params }: PageProps): JSX.Element {
  const app = params.app ?? "";
  const environment = params.environment ?? "";
  const path = environmentPath(app, environment, "domains");
  const domains = useResource<EnvironmentDomains>(path, {
    every: (seen) => everyUnlessUnseen(30_000, seen === undefined ? [] : [seen.domains]),
  });
  const { busy, error, run } = useAction();
  const check = (): void =>
    void run(async () =>
      domains.set(await post<EnvironmentDomains>(`${path}/check`, {}, { timeout: 90_000 })),
    );
  return (
    <Page
      title="Domains and certificates"
      note={
        <>
          {app} / {environment}
          {domains.data === undefined ? null : (
            <>
              {" "}
              <Age part={domains.data.domains} />
            </>
          )}
        </>
      }
      actions={
        <Button busy={busy} onClick={check}>
          Check from outside
        </Button>
      }
    >
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Loaded resource={domains}>
        {(data) => (
          <PartSection part={data.domains} what="domains">
            {(view) => <DomainsInFull view={view} />}
          </PartSection>
        )}
      </Loaded>
    </Page>
  );
}
