import type {
  BuildInput,
  Command,
  Context,
  DnsRecordSet,
  DnsRecordType,
  Provider,
  Scope,
} from "@deploy/core";

/** What is done by hand, behind the provider's back, to something of this scope. */
export type ByHand = (scope: Scope, context: Context) => Promise<void>;

/** An app that the provider can build and run; its commands are the defaults of the kit unless they are given. */
export interface AppFixture {
  /** Absolute path of the source. The kit copies it, and changes the copy where a new build is wanted. */
  readonly directory: string;
  /** How it is built. Default: what the provider makes of the directory. */
  readonly build?: BuildInput;
  /** What serves on `PORT`, and answers 200 on `/healthz`. */
  readonly web: Command;
  /** A process that ends with an error at once. Default `exit 9`. */
  readonly crash?: Command;
}

/** What only the author can supply; each is optional, and what needs a missing one is skipped with that reason. */
export interface Fixtures {
  readonly app?: AppFixture;
  /** Changes something by hand, by the kind of resource that is changed: `process`, `routes`, `database`. */
  readonly tamper?: Readonly<Record<string, ByHand>>;
  /** Puts something foreign where a resource of the provider would go, by kind; `id` is the resource it stands in for. */
  readonly foreign?: Readonly<Record<string, ForeignFixture>>;
  /** What the vendor holds of a scope, seen past the provider: names of things. Empty once nothing is left. */
  readonly inspect?: (scope: Scope, context: Context) => Promise<readonly string[]>;
  /** Makes the app's web process print these lines on stdout, one by one, in order. */
  readonly print?: (scope: Scope, lines: readonly string[], context: Context) => Promise<void>;
  /** Asks the app by host name, past the DNS; answers with status and body. */
  readonly ask?: (
    url: string,
    host: string,
    context: Context,
  ) => Promise<{ readonly status: number; readonly text: string; readonly location?: string }>;
  /** The kind of add-on that is made quickest: taken where any will do. Default: the first that is offered. */
  readonly quickAddon?: string;
  /** Writes and reads one text in an add-on, by kind. */
  readonly data?: Readonly<Record<string, DataFixture>>;
  /** Somebody whom the vendor knows, or lets be invited, and who has access to nothing. Default `kit@deploy.example`. */
  readonly person?: string;
  /** A zone which the kit may write to, such as `example.test`, and a record in it that nobody may touch. */
  readonly zone?: ZoneFixture;
  /** Publishes a certificate's proof where its vendor looks, instead of a DNS provider. */
  readonly prove?: (record: DnsRecordSet) => Promise<void>;
}

/** Something foreign, and which resource it stands in for. */
export interface ForeignFixture {
  /** Makes it. */
  readonly plant: ByHand;
  /** Whether it is still what `plant` made. */
  readonly untouched: (scope: Scope, context: Context) => Promise<boolean>;
  /** Removes it, if it is there. */
  readonly remove: ByHand;
  /** Id of the resource in whose place it stands. */
  readonly id: (scope: Scope) => string;
}

/** The data of an add-on, by its URL. */
export interface DataFixture {
  /** Replaces the text. */
  readonly write: (url: string, text: string) => Promise<void>;
  /** The text, or undefined where there is none. */
  readonly read: (url: string) => Promise<string | undefined>;
}

/** A zone of a DNS provider that the kit may use. */
export interface ZoneFixture {
  readonly name: string;
  /** Makes a record set past the provider, as another tool would: without a marker. */
  readonly plant?: (record: DnsRecordSet) => Promise<void>;
  /**
   * What the zone's own name servers answer for one name and type, past the vendor's API, and nothing where there is no
   * such record. In the words of `node:dns`, without last dots: `10 mail.example.org`, `0 issue ca.example.org`, a text
   * as it is, unquoted and its parts joined. A wildcard is asked for by its own name.
   * Absent: nobody can ask them, and what the API lists is all that is judged.
   */
  readonly serves?: (name: string, type: DnsRecordType) => Promise<readonly string[]>;
  /** What an ALIAS record may lead to, where the vendor does not take any host name. */
  readonly alias?: Pick<DnsRecordSet, "values" | "extra">;
}

/** Why a vendor cannot do something, and where it says so itself. */
export interface Cannot {
  /** In a clause: "it holds at most 150 records in a zone". */
  readonly why: string;
  /** The vendor's own page. */
  readonly link: string;
}

/** How long things may take with this provider, milliseconds. */
export interface Timeouts {
  /** One scenario, its clearing away included. Default 120,000. */
  readonly scenario?: number;
  /** From an abort to the end of the call. Default 3,000. */
  readonly abort?: number;
  /** Until a line that was printed can be read. Default 10,000. */
  readonly logs?: number;
}

/** A provider under test, and what the kit needs to try it. */
export interface Subject {
  /** A fresh provider, as the factory gives it; nothing may be kept between two of them but what the vendor holds. */
  readonly provider: () => Provider;
  /** What the calls get: credentials in `env`, a `fetch` that leads to a fake. Default: `process.env` and the real one. */
  readonly context?: Partial<Pick<Context, "env" | "fetch" | "clock" | "directory">>;
  /** The scope of the nth scenario. Default: an app `kit-<random>-<n>` in the environment `test`. */
  readonly scope?: (number: number) => Scope;
  readonly fixtures?: Fixtures;
  /** Counts the calls that have reached the vendor. Default: calls of `context.fetch`. */
  readonly requests?: () => number;
  /** Whether a request of `context.fetch` only reads. Default: GET, HEAD and OPTIONS. */
  readonly isRead?: (url: string, init: RequestInit) => boolean;
  /**
   * Whether a request of `context.fetch` that changes something may be sent twice, by the vendor's own documentation: it
   * sets a state, its name can be taken once only, or it carries a token. Default: PUT and DELETE, by the rules of HTTP.
   * A header `idempotency-key` counts as well. The claim is tried: everything that may be sent twice is sent twice once.
   */
  readonly isIdempotent?: (url: string, init: RequestInit) => boolean;
  /** Values that must never appear in anything the provider says: the credentials. The kit adds its own. */
  readonly secrets?: readonly string[];
  /** Makes the vendor empty, before each scenario. */
  readonly reset?: () => Promise<void> | void;
  readonly timeouts?: Timeouts;
  /** Scenario name to reason. An expected failure that passes is reported as a failure. */
  readonly expectedFailures?: Readonly<Record<string, string>>;
  /**
   * What the vendor cannot do although the provider is right, by scenario name. The scenario is tried all the same: it
   * has to end with a refusal, a `DeployError`, and is then reported as skipped, with the reason and the link. One that
   * passes, or goes wrong in any other way, is reported as a failure.
   */
  readonly cannot?: Readonly<Record<string, Cannot>>;
}
