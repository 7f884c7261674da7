import type { JSX } from "preact";
import { Field, Page, Select } from "../components/index.js";
import { OwnSessions } from "../parts/own-sessions.js";
import { OwnTokens } from "../parts/own-tokens.js";
import { PasswordForm } from "../parts/password-form.js";
import { plain } from "../parts/plain.js";
import { density, zone } from "../preferences.js";
import { me } from "../session.js";
import "../parts/parts.css";

/** One's own account: password, signed-in browsers, API tokens, taste. */
export default function AccountPage(): JSX.Element {
  const who = me.value;
  if (who === null || who === undefined) return <Page title="Account">{null}</Page>;
  return (
    <Page title="Account" note={plain(who.person.email)}>
      <OwnSessions />
      <OwnTokens />
      <PasswordForm has={who.person.ways.includes("password")} />
      <Taste />
    </Page>
  );
}

function Taste(): JSX.Element {
  return (
    <section class="stack" aria-labelledby="taste">
      <h2 id="taste">In this browser</h2>
      <div class="card fields">
        <Field label="Times">
          <Select
            value={zone.value}
            options={[
              { value: "local", label: "In this browser's time zone" },
              { value: "utc", label: "In UTC" },
            ]}
            onValue={(value) => {
              zone.value = value === "utc" ? "utc" : "local";
            }}
          />
        </Field>
        <Field label="Rows">
          <Select
            value={density.value}
            options={[
              { value: "comfortable", label: "Comfortable" },
              { value: "compact", label: "Compact" },
            ]}
            onValue={(value) => {
              density.value = value === "compact" ? "compact" : "comfortable";
            }}
          />
        </Field>
      </div>
    </section>
  );
}
