import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { VendorAccessApply, VendorAccessRow, VendorAccessView } from "../../shared/app-types.js";
import { environmentPath, post } from "../api.js";
import { Badge, Confirm, type Kind, Loaded, Table, toast } from "../components/index.js";
import { useResource } from "../use-resource.js";
import { AllowedButton } from "./allowed-button.js";
import { Age, PartSection } from "./part-view.js";
import { plain } from "./plain.js";
import { ROLES } from "./rights.js";

const STATE: Readonly<Record<VendorAccessRow["state"], readonly [Kind, string]>> = {
  same: ["good", "the same"],
  "only here": ["warn", "only here"],
  "only there": ["warn", "only at the provider"],
  "other role": ["warn", "another role"],
  unsupported: ["neutral", "the provider has no such role"],
  unknown: ["neutral", "could not be asked"],
};

/** The provider's own permissions in one environment, beside ours; where they differ, what can be done. */
export function VendorAccess(props: { readonly app: string; readonly environment: string }): JSX.Element {
  const { app, environment } = props;
  const path = environmentPath(app, environment, "vendor-access");
  const view = useResource<VendorAccessView>(path);
  const [applying, setApplying] = useState<VendorAccessApply>();
  const id = `vendor-${environment}`;
  return (
    <section class="stack" aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>
          {view.data === undefined ? "At the provider" : `At ${plain(view.data.provider)}`}, {environment}
        </h2>
        {view.data === undefined ? null : <Age part={view.data.people} />}
      </div>
      <Loaded resource={view}>
        {(data) => {
          const reason = unsupported(data);
          if (reason !== undefined) return <p class="muted">{plain(reason)}</p>;
          return (
            <PartSection part={data.people} what="provider's permissions">
              {(rows) => (
                <Table
                  caption={`Permissions at ${data.provider} for ${environment}`}
                  rows={rows}
                  keyOf={(row) => row.person}
                  empty={<p class="muted">Nobody is let in, here or there.</p>}
                  columns={[
                    { key: "person", title: "Person", cell: (row) => plain(row.person) },
                    { key: "here", title: "Here", cell: (row) => row.here ?? "–" },
                    { key: "there", title: "There", cell: (row) => row.there ?? "–" },
                    {
                      key: "state",
                      title: "State",
                      cell: (row) => {
                        const [kind, word] = STATE[row.state] ?? ["neutral", row.state];
                        return (
                          <div class="two-lines">
                            <span>
                              <Badge kind={kind}>{word}</Badge>
                            </span>
                            {row.trouble === undefined ? null : (
                              <span class="trouble">
                                {plain(row.trouble.message)} {plain(row.trouble.hint ?? "")}
                              </span>
                            )}
                          </div>
                        );
                      },
                    },
                    {
                      key: "actions",
                      title: <span class="visually-hidden">Actions</span>,
                      align: "end",
                      narrow: true,
                      cell: (row) => {
                        const action = remedy(row);
                        if (action === undefined) return null;
                        return (
                          <AllowedButton
                            small
                            action="access.grant"
                            app={app}
                            label={`${action === "grant" ? "Grant" : "Revoke"} there: ${plain(row.person)}`}
                            onClick={() => setApplying({ person: row.person, action })}
                          >
                            {action === "grant" ? "Grant there" : "Revoke there"}
                          </AllowedButton>
                        );
                      },
                    },
                  ]}
                />
              )}
            </PartSection>
          );
        }}
      </Loaded>
      <Confirm
        open={applying !== undefined}
        title={
          applying?.action === "revoke"
            ? `Take ${plain(applying.person)} off at the provider?`
            : `Give ${plain(applying?.person ?? "")} at the provider what they have here?`
        }
        action={applying?.action === "revoke" ? "Revoke there" : "Grant there"}
        danger={applying?.action === "revoke"}
        onClose={() => setApplying(undefined)}
        onConfirm={async () => {
          await post(`${path}/apply`, applying, { timeout: 120_000 });
          toast("Done at the provider");
          view.reload();
        }}
      >
        <p>
          {applying?.action === "revoke"
            ? "They were let in at the provider behind the console's back, or before it. This takes it away there."
            : "This makes the permission at the provider the same as the role here."}
        </p>
      </Confirm>
    </section>
  );
}

/** Why the provider has no permissions of its own; undefined: it has. */
function unsupported(view: VendorAccessView): string | undefined {
  const reasons = ROLES.map((role) => view.supports[role]);
  if (reasons.some((support) => support === true)) return undefined;
  const first = reasons.find((support) => support !== true && support !== undefined);
  return first === undefined
    ? "This provider has no permissions of its own: the roles above are all there is."
    : first.no;
}

function remedy(row: VendorAccessRow): VendorAccessApply["action"] | undefined {
  if (row.state === "only here" || row.state === "other role") return "grant";
  return row.state === "only there" ? "revoke" : undefined;
}
