import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { SessionList } from "../../shared/access-types.js";
import { del } from "../api.js";
import { Badge, Button, Confirm, Loaded, RelativeTime, Table, toast } from "../components/index.js";
import { useResource } from "../use-resource.js";
import { plain } from "./plain.js";

/** Browsers that one is signed in with, each to be ended. */
export function OwnSessions(): JSX.Element {
  const sessions = useResource<SessionList>("/api/account/sessions", { every: 30_000 });
  const [ending, setEnding] = useState<string>();
  return (
    <section class="stack" aria-labelledby="sessions">
      <div class="section-head">
        <h2 id="sessions">Signed-in browsers</h2>
        <Button
          small
          disabled={(sessions.data?.sessions.length ?? 0) < 2}
          onClick={() => setEnding("others")}
        >
          End all others
        </Button>
      </div>
      <Loaded resource={sessions}>
        {(data) => (
          <Table
            caption="Signed-in browsers"
            rows={data.sessions}
            keyOf={(session) => session.id}
            columns={[
              {
                key: "browser",
                title: "Browser",
                cell: (session) => (
                  <span class="row">
                    {plain(session.browser)}
                    {session.current ? <Badge kind="info">this one</Badge> : null}
                  </span>
                ),
              },
              {
                key: "address",
                title: "Address",
                cell: (session) => <span class="mono">{plain(session.address)}</span>,
              },
              { key: "way", title: "By", cell: (session) => plain(session.way) },
              {
                key: "since",
                title: "Signed in",
                cell: (session) => <RelativeTime at={session.createdAt} />,
              },
              {
                key: "seen",
                title: "Last seen",
                cell: (session) => <RelativeTime at={session.lastSeenAt} />,
              },
              {
                key: "expires",
                title: "Expires",
                cell: (session) => <RelativeTime at={session.expiresAt} />,
              },
              {
                key: "end",
                title: <span class="visually-hidden">Actions</span>,
                align: "end",
                narrow: true,
                cell: (session) =>
                  session.current ? null : (
                    <Button
                      small
                      onClick={() => setEnding(session.id)}
                      aria-label={`End the session of ${plain(session.browser)}`}
                    >
                      End
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
      <Confirm
        open={ending !== undefined}
        title={ending === "others" ? "End all other sessions?" : "End this session?"}
        action={ending === "others" ? "End all others" : "End it"}
        danger
        onClose={() => setEnding(undefined)}
        onConfirm={async () => {
          await del(
            ending === "others"
              ? "/api/account/sessions"
              : `/api/account/sessions/${encodeURIComponent(ending!)}`,
          );
          toast(ending === "others" ? "All other sessions are ended" : "The session is ended");
          sessions.reload();
        }}
      >
        <p>Whoever uses it is signed out at once; streams that are open there are closed.</p>
      </Confirm>
    </section>
  );
}
