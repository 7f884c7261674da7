import type { AccessBook } from "./access/book.js";
import type { AppStates } from "./apps/states.js";
import type { AppRegistry } from "./apps/types.js";
import type { VendorAccess } from "./apps/vendor-access-types.js";
import type { Feed } from "./feed/types.js";
import type { Tickets } from "./http/tickets.js";
import type { ConsoleOptions } from "./options.js";
import type { RunBook } from "./runs/types.js";
import type { SignIn } from "./sign-in/types.js";
import type { LogStore } from "./store/types.js";

/** Everything the console consists of; made once at the start, handed to every route. */
export interface Services {
  readonly options: ConsoleOptions;
  /** Where the browser finds us, such as `https://console.example.org`, without a slash at its end. */
  readonly origin: string;
  readonly access: AccessBook;
  readonly signIn: SignIn;
  readonly store: LogStore;
  readonly apps: AppRegistry;
  /** What is known of each environment, kept fresh in the background. */
  readonly states: AppStates;
  /** The providers' own permissions. */
  readonly vendorAccess: VendorAccess;
  readonly feed: Feed;
  readonly runs: RunBook;
  /** Opens sockets that need more than a session. */
  readonly tickets: Tickets;
  /** Milliseconds since 1970. */
  now(): number;
}
