import type { ReadonlySignal, Signal } from "@preact/signals";
import type { LogFacts, LogFilter } from "../../shared/log-types.js";
import type { ApiError } from "../api.js";
import type { Connection } from "./live-socket.js";
import type { Away, Skipped } from "./rows.js";
import type { LogWindow } from "./window.js";

/** Numbers of the lines that are chosen, first and last. */
export interface Selection {
  readonly from: number;
  readonly to: number;
}

/** A page of logs. */
export interface LogView {
  readonly path: string;
  readonly window: LogWindow;
  /** Changes with each change of the window. */
  readonly version: Signal<number>;
  /** No row is held. */
  readonly empty: ReadonlySignal<boolean>;
  readonly facts: Signal<LogFacts | undefined>;
  readonly connection: Signal<Connection>;
  readonly problem: Signal<ApiError | undefined>;
  readonly loading: Signal<"" | "first" | "older" | "newer">;
  /** The end is kept in sight. */
  readonly following: Signal<boolean>;
  /** Lines that came since it was paused. */
  readonly unseen: Signal<number>;
  readonly selection: Signal<Selection | undefined>;
  readonly expanded: Signal<ReadonlySet<number>>;
  /** Lines per second, over the last second. */
  readonly rate: Signal<number>;
  readonly flooding: ReadonlySignal<boolean>;
  /** What screen readers are told. */
  readonly spoken: Signal<string>;
  /** A number to be brought into sight; the list takes it and sets it back. */
  readonly sought: Signal<{ readonly seq: number; readonly align: "center" | "start" | "auto" } | undefined>;
  /** What is filtered by. */
  readonly filter: Signal<LogFilter>;
  /** Begins anew with the filter, around a line where one is given. */
  open(filter: LogFilter, around?: number): Promise<void>;
  older(): Promise<void>;
  newer(): Promise<void>;
  fill(place: Away | Skipped): Promise<void>;
  /** Brings a line into sight, from wherever it is. */
  jump(seq: number): Promise<void>;
  /** Brings the first line at or after a moment into sight. */
  jumpToTime(time: number): Promise<void>;
  toStart(): Promise<void>;
  /** To the end, and on with it. */
  resume(): Promise<void>;
  pause(): void;
  /** The row in sight, for what is to be put away. */
  looked(index: number): void;
  toggle(seq: number): void;
  close(): void;
}
