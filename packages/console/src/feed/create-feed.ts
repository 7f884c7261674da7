import type { AppRegistry, ConsoleEnvironment } from "../apps/types.js";
import type { FeedState, LogEntry } from "../shared/log-types.js";
import type { LogStore, StoredStream, StreamKey } from "../store/types.js";
import { pauseFor } from "./backoff.js";
import { type FeedPace, type Follower, startFollower } from "./follower.js";
import { createLinePreparer, type LinePreparer } from "./prepare-line.js";
import { createRedactor, type Redactor } from "./redact.js";
import { collectReleaseOutput } from "./release-output.js";
import { createSecretValues } from "./secret-values.js";
import { createStreamWriter, type StreamWriter } from "./stream-writer.js";
import type { Feed } from "./types.js";

/** What a feed is made with. */
export interface FeedOptions {
  readonly store: LogStore;
  readonly apps: AppRegistry;
  /** Milliseconds since 1970. */
  now(): number;
  /** Closes it. */
  readonly signal?: AbortSignal;
  /** How far back the first start reads, in milliseconds; what retention would remove at once. Default: everything. */
  readonly historyMs?: number;
  readonly pace?: Partial<FeedPace>;
}

const defaultPace: FeedPace = {
  pollMs: 3_000,
  overlapMs: 10_000,
  renewMs: 15 * 60_000,
  renewEmptyMs: 60_000,
  secretsMs: 60_000,
  settleMs: 5_000,
  releasesMs: 60_000,
};

/** One environment: who listens, how its lines come, and the tools that they pass through. */
interface Channel {
  readonly key: StreamKey;
  readonly redactor: Redactor;
  readonly preparer: LinePreparer;
  readonly lineListeners: Set<(lines: readonly LogEntry[]) => void>;
  readonly stateListeners: Set<(state: FeedState) => void>;
  state: FeedState;
  /** Opened at the first need; forgotten when that failed. */
  opened?: Promise<{ readonly stream: StoredStream; readonly writer: StreamWriter }>;
  environment?: ConsoleEnvironment;
  follower?: Promise<Follower>;
}

/** Follows the logs of every environment of the registry, each by itself: one that fails or floods holds up no other. */
export function createFeed(options: FeedOptions): Feed {
  const { store, apps, now } = options;
  const pace = { ...defaultPace, ...options.pace };
  const channels = new Map<string, Channel>();
  const closing = new AbortController();

  const channelOf = (key: StreamKey): Channel => {
    const name = `${key.app}\0${key.environment}`;
    const present = channels.get(name);
    if (present !== undefined) return present;
    const redactor = createRedactor();
    const channel: Channel = {
      key: { app: key.app, environment: key.environment },
      redactor,
      preparer: createLinePreparer(redactor, now),
      lineListeners: new Set(),
      stateListeners: new Set(),
      state: { state: "stopped", problem: "This environment is not in the configuration." },
    };
    channels.set(name, channel);
    return channel;
  };

  const open = (channel: Channel): NonNullable<Channel["opened"]> => {
    channel.opened ??= store.stream(channel.key).then((stream) => ({
      stream,
      writer: createStreamWriter(stream, (lines) => tell(channel.lineListeners, lines)),
    }));
    channel.opened.catch(() => {
      delete channel.opened;
    });
    return channel.opened;
  };

  const setState = (channel: Channel, state: FeedState): void => {
    const { state: before } = channel;
    if (
      before.state === state.state &&
      before.problem === state.problem &&
      before.nextTry === state.nextTry
    ) {
      return;
    }
    channel.state = state;
    tell(channel.stateListeners, state);
  };

  const follow = async (channel: Channel, environment: ConsoleEnvironment): Promise<Follower> => {
    const { redactor, preparer } = channel;
    setState(channel, { state: "starting" });
    for (;;) {
      try {
        const { stream, writer } = await open(channel);
        const collector = collectReleaseOutput({
          ...{ deployer: environment.deployer, stream, writer, preparer },
          everyMs: pace.releasesMs,
        });
        const follower = startFollower({
          ...{ environment, store, stream, writer, redactor, preparer, now, pace },
          secrets: createSecretValues(environment.deployer, redactor),
          historyMs: options.historyMs,
          onState: (state) => setState(channel, state),
        });
        return {
          close: async () => {
            await Promise.all([collector.close(), follower.close()]);
          },
        };
      } catch (thrown) {
        const problem = thrown instanceof Error ? thrown.message : String(thrown);
        setState(channel, { state: "retrying", problem, nextTry: now() + 5_000 });
        await pauseFor(5_000, closing.signal);
        if (closing.signal.aborted || channel.environment !== environment) return { close: async () => {} };
      }
    }
  };

  const stopFollowing = async (channel: Channel): Promise<void> => {
    const { follower } = channel;
    delete channel.environment;
    delete channel.follower;
    await (await follower)?.close();
  };

  /** Starts what is new, stops what is gone, and takes the new deployer of what has changed. */
  const adjust = (): void => {
    if (closing.signal.aborted) return;
    const wanted = new Set<Channel>();
    for (const environment of apps.list()) {
      const channel = channelOf(environment);
      wanted.add(channel);
      if (channel.environment?.deployer === environment.deployer) continue;
      // The one before has stored what it had before the next begins behind it.
      const before = stopFollowing(channel);
      channel.environment = environment;
      channel.follower = before.then(() => follow(channel, environment));
    }
    for (const channel of channels.values()) {
      if (wanted.has(channel) || channel.environment === undefined) continue;
      void stopFollowing(channel).then(() => {
        if (channel.environment !== undefined) return;
        setState(channel, { state: "stopped", problem: "This environment is not in the configuration." });
      });
    }
  };

  const close = async (): Promise<void> => {
    closing.abort();
    options.signal?.removeEventListener("abort", onSignal);
    unlisten();
    await Promise.all([...channels.values()].map(stopFollowing));
    for (const channel of channels.values()) {
      channel.lineListeners.clear();
      channel.stateListeners.clear();
    }
  };
  const onSignal = (): void => void close();

  const unlisten = apps.onChange(adjust);
  options.signal?.addEventListener("abort", onSignal, { once: true });
  adjust();

  return {
    state: (key) => channelOf(key).state,
    subscribe: (key, listener) => listen(channelOf(key).lineListeners, listener),
    onState: (key, listener) => listen(channelOf(key).stateListeners, listener),
    clean: (key, source, text) => channelOf(key).redactor.line({ source, text }),
    ingest: async (key, lines, checkpoint) => {
      const { preparer, opened } = channelOf(key);
      const { stream, writer } = await (opened ?? open(channelOf(key)));
      if (checkpoint !== undefined && stream.checkpoint(checkpoint.source) === checkpoint.cursor) return;
      await writer.write(
        lines.map((line) =>
          preparer.prepare({ ...line, time: new Date(line.time).toISOString(), cursor: "" }),
        ),
        checkpoint,
      );
    },
    close,
  };
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What a listener throws must not look as if the lines had not been stored. */
function tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
  for (const listener of listeners) {
    try {
      listener(value);
    } catch {
      // It concerns nobody but the listener.
    }
  }
}
