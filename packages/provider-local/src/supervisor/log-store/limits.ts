/** How much the store keeps and how often it works. Every figure has a default; tests make them small. */
export interface LogLimits {
  /** A segment is sealed once it is larger, in bytes. Default 8 MB. */
  readonly segmentSize: number;
  /** All segments of one environment together, in bytes; the oldest go first. Default 128 MB. */
  readonly totalSize: number;
  /** Segments whose newest line is older are dropped, in milliseconds. Default 14 days. */
  readonly age: number;
  /** Ingested bytes of a raw file after which their disk space is given back. Default 8 MB. */
  readonly reclaimSize: number;
  /** Stored output of one release, in bytes: its head and its newest part are kept. Default 5 MB. */
  readonly releaseSize: number;
  /** A last line without newline is taken as it is after so much silence, in milliseconds. Default 1,000. */
  readonly quiet: number;
  /** Pause between two looks at a raw file that is being written to, in milliseconds. Default 50. */
  readonly interval: number;
  /** Pause after a failed write, in milliseconds. Default 3,000. */
  readonly retry: number;
  /** Segments are synced to disk this often, in milliseconds: what a power loss may cost. Default 1,000. */
  readonly sync: number;
}

const megabyte = 1024 * 1024;

/** The limits of a store that was given none. */
export const defaultLimits: LogLimits = {
  segmentSize: 8 * megabyte,
  totalSize: 128 * megabyte,
  age: 14 * 24 * 3600 * 1000,
  reclaimSize: 8 * megabyte,
  releaseSize: 5 * megabyte,
  quiet: 1000,
  interval: 50,
  retry: 3000,
  sync: 1000,
};

/** A line longer than this is split, in bytes of the raw file: 64 KB. */
export const longestLine = 65_536;

/** Ends every piece of a split line but the last. */
export const continuationMark = "…↩";

/** Bytes read from a raw file, or from a segment, at once: 256 KB. */
export const chunkSize: number = 256 * 1024;
