import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { FeedState, LogFilter, Retention } from "../../shared/log-types.js";
import { Dot, type Kind } from "../components/index.js";
import { clock, density, wrap, zone } from "../preferences.js";
import { downloadLink } from "./download-link.js";
import type { Connection } from "./live-socket.js";
import { Menu } from "./menu.js";
import type { LogView } from "./view-types.js";

/** How the lines come, what is kept, and how they are shown. */
export function StatusBar(props: {
  readonly view: LogView;
  readonly filter: LogFilter;
  onHelp(): void;
}): JSX.Element {
  const { view } = props;
  const facts = view.facts.value;
  const now = useSeconds();
  const [kind, text] = stateOf(view, facts?.feed, now);
  return (
    <footer class="status-bar">
      <span class="status-live" role="status">
        <Dot kind={kind} pulse={kind === "good" && view.following.value} />
        <span>{text}</span>
      </span>
      {view.rate.value > 0 && view.connection.value.state === "live" ? (
        <span class="status-rate">{`${view.rate.value.toLocaleString("en")}/s`}</span>
      ) : null}
      {facts === undefined ? null : (
        <span class="status-kept" title={keptTitle(facts.retention)}>
          {kept(facts.retention)}
        </span>
      )}
      <span class="status-tools">
        <button
          type="button"
          class="tool"
          aria-pressed={view.following.value}
          title="Space"
          onClick={() => (view.following.value ? view.pause() : void view.resume())}
        >
          {view.following.value ? "Pause" : "Follow"}
        </button>
        <button
          type="button"
          class="tool"
          aria-pressed={wrap.value === "wrap"}
          title="w"
          onClick={() => {
            wrap.value = wrap.value === "wrap" ? "scroll" : "wrap";
          }}
        >
          Wrap
        </button>
        <button
          type="button"
          class="tool"
          aria-pressed={density.value === "compact"}
          onClick={() => {
            density.value = density.value === "compact" ? "comfortable" : "compact";
          }}
        >
          Compact
        </button>
        <button
          type="button"
          class="tool"
          aria-pressed={zone.value === "utc"}
          title="t"
          onClick={() => {
            zone.value = zone.value === "utc" ? "local" : "utc";
          }}
        >
          UTC
        </button>
        <button
          type="button"
          class="tool"
          aria-pressed={clock.value === "ago"}
          title="r: how long ago each line was written, instead of when"
          onClick={() => {
            clock.value = clock.value === "ago" ? "time" : "ago";
          }}
        >
          Ago
        </button>
        <Menu label="Download" end>
          {(
            [
              ["Text", "text", false],
              ["Text, gzip", "text", true],
              ["NDJSON", "ndjson", false],
              ["NDJSON, gzip", "ndjson", true],
            ] as const
          ).map(([label, format, gzip]) => (
            <a
              key={label}
              class="menu-item"
              download
              href={downloadLink(view.path, props.filter, format, gzip)}
            >
              {label}
            </a>
          ))}
        </Menu>
        <button type="button" class="tool" aria-label="Keyboard help" title="?" onClick={props.onHelp}>
          ?
        </button>
      </span>
    </footer>
  );
}

function stateOf(view: LogView, feed: FeedState | undefined, now: number): readonly [Kind, string] {
  const connection: Connection = view.connection.value;
  if (connection.state === "ended")
    return ["bad", connection.reason === "revoked" ? "Your access has ended" : "Signed out"];
  if (connection.state === "waiting")
    return ["warn", `Not connected; trying again in ${seconds(connection.until - now)}`];
  if (connection.state === "connecting") return ["neutral", "Connecting"];
  if (connection.state === "off")
    return view.loading.value === "first" ? ["neutral", "Loading"] : ["neutral", "History"];
  if (feed?.state === "retrying") {
    const when = feed.nextTry === undefined ? "" : ` in ${seconds(feed.nextTry - now)}`;
    return [
      "warn",
      `The provider's logs: retrying${when}${feed.problem === undefined ? "" : `: ${feed.problem}`}`,
    ];
  }
  if (feed?.state === "stopped")
    return [
      "bad",
      `The provider's logs have stopped${feed.problem === undefined ? "" : `: ${feed.problem}`}`,
    ];
  if (feed?.state === "starting") return ["neutral", "Waiting for the provider's logs"];
  if (feed?.problem !== undefined)
    return ["warn", `${view.following.value ? "Live" : "Paused"}; the provider's logs: ${feed.problem}`];
  return view.following.value ? ["good", "Live"] : ["info", "Paused"];
}

function seconds(milliseconds: number): string {
  return `${Math.max(0, Math.ceil(milliseconds / 1000))} s`;
}

function kept(retention: Retention): string {
  const size =
    retention.bytes >= 2 ** 30
      ? `${+(retention.bytes / 2 ** 30).toFixed(1)} GB`
      : `${Math.round(retention.bytes / 2 ** 20)} MB`;
  const provider = retention.provider === "" ? "" : `; the provider keeps ${retention.provider}`;
  return `Kept ${retention.days} days / ${size}${provider}`;
}

function keptTitle(retention: Retention): string {
  return `The console keeps lines of this environment for ${retention.days} days, or until they take more room than that; then the oldest go. At the provider: ${retention.provider || "not stated"}.`;
}

function useSeconds(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
