import { join } from "node:path";
import { createAccessBook } from "./access/book.js";
import { peopleSource } from "./apps/people-source.js";
import { createAppRegistry } from "./apps/registry.js";
import { createAppStates } from "./apps/states.js";
import { createVendorAccess } from "./apps/vendor-access.js";
import { openVendorLedger } from "./apps/vendor-ledger.js";
import { defaultDirectory, makeDirectory, writeConsoleFile } from "./directory.js";
import { createFeed } from "./feed/create-feed.js";
import { createPeerReader } from "./http/address.js";
import { checkPlace, localUrl, placeOf } from "./http/place.js";
import { DEFAULT_RETENTION } from "./http/routes/logs.js";
import { routes } from "./http/routes.js";
import { listen } from "./http/server.js";
import { createTickets } from "./http/tickets.js";
import type { ConsoleOptions, RunningConsole } from "./options.js";
import { withMachineToken } from "./runs/machine-token.js";
import { createRunBook } from "./runs/run-book.js";
import type { Services } from "./services.js";
import { createSignIn } from "./sign-in/sign-in.js";
import { createLogStore } from "./store/index.js";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 4300;
const DAY = 86_400_000;

/**
 * Starts a console: opens what it stores, reads the configuration, follows the logs, and answers.
 *
 * Nothing is printed. What cannot be loaded or reached is shown in the console, and holds up nothing else.
 *
 * @throws `console.insecure-address`, `console.bad-option`, `console.bad-directory`, `console.store-locked` for a data
 * directory that another console has open, `console.port-taken`, `console.cannot-listen`, `console.access-unreadable`,
 * `console.access-newer`.
 */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const { url, ownerLink, close } = await openConsole(options);
  return { url, ...(ownerLink === undefined ? {} : { ownerLink }), close };
}

/** A console that runs, with everything that it consists of; for tests that look inside. */
export interface OpenConsole extends RunningConsole {
  readonly services: Services;
}

/** As {@link startConsole}. */
export async function openConsole(options: ConsoleOptions): Promise<OpenConsole> {
  const { host = DEFAULT_HOST, port: wantedPort = DEFAULT_PORT, env = process.env } = options;
  checkPlace(options);
  createPeerReader(options.trustedProxies ?? []);
  const directory = makeDirectory(options.directory ?? defaultDirectory(env));
  const retention = {
    days: options.retentionDays ?? DEFAULT_RETENTION.days,
    bytes: options.retentionBytes ?? DEFAULT_RETENTION.bytes,
  };
  const now = Date.now;
  const closers: (() => unknown)[] = [];
  /** Opened first, closed last. */
  const opened = <T>(thing: T, close: (thing: T) => unknown): T => {
    closers.unshift(() => close(thing));
    return thing;
  };
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0)) await close();
  };

  try {
    const store = opened(
      await createLogStore({ directory: join(directory, "logs"), limits: retention, now }),
      (one) => one.close(),
    );
    const server = opened(await listen({ host, port: wantedPort }), (one) => one.close());
    const place = placeOf(options, server.port);
    const book = opened(await createAccessBook({ directory, now }), (one) => one.close());
    const { access, secret } = withMachineToken(book, now);
    const signIn = createSignIn({ access, options, origin: place.origin, now });
    const apps = opened(
      await createAppRegistry({
        load: options.load,
        ...(options.defaultTarget === undefined ? {} : { defaultTarget: options.defaultTarget }),
        env,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
      (one) => one.close(),
    );
    const feed = opened(createFeed({ store, apps, now, historyMs: retention.days * DAY }), (one) =>
      one.close(),
    );
    const runs = opened(await createRunBook({ directory: join(directory, "runs"), apps, feed, now }), (one) =>
      one.close(),
    );
    const states = opened(createAppStates({ apps, runs, now }), (one) => one.close());
    const vendorAccess = opened(
      createVendorAccess({
        apps,
        people: peopleSource(access),
        ledger: await openVendorLedger(join(directory, "vendor-access.json")),
        audit: access.audit,
        now,
      }),
      (one) => one.close(),
    );
    const services: Services = {
      options,
      origin: place.origin,
      access,
      signIn,
      store,
      apps,
      states,
      vendorAccess,
      feed,
      runs,
      tickets: createTickets(now),
      now,
    };
    server.serve({ services, routes, place });
    // Streams end before what they come from.
    closers.unshift(server.close);
    const takeBack = writeConsoleFile(directory, {
      url: localUrl(host, server.port),
      token: secret,
      pid: process.pid,
    });
    closers.unshift(takeBack);
    const wantsLink = options.ownerLink === true || !(await access.entry.hasOwner());
    const ownerLink = wantsLink ? await signIn.ownerLink() : undefined;
    options.signal?.addEventListener("abort", () => void closeAll(), { once: true });
    return {
      url: place.origin,
      ...(ownerLink === undefined ? {} : { ownerLink }),
      close: closeAll,
      services,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
