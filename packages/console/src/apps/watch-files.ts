import { stat } from "node:fs/promises";

/** Tells when files change, come or go. */
export interface FileWatch {
  /** What is looked at from now on. A file that is looked at already goes on being compared with what it was before. */
  watch(files: readonly string[]): Promise<void>;
  /** What tells one version of a file from another; `gone` where there is none. */
  stamp(file: string): string;
  close(): void;
}

/** How the files are watched. */
export interface FileWatchOptions {
  readonly onChange: () => void;
  /** Milliseconds between two looks. Default 1000. */
  readonly everyMs?: number;
}

/**
 * Looks at each file once a second, and reports a change when it has stood still for one look more.
 *
 * It asks instead of being told: what the kernel tells ends with the file that an editor or a checkout replaces, and
 * never comes from a directory that another machine holds.
 */
export function watchFiles({ onChange, everyMs = 1_000 }: FileWatchOptions): FileWatch {
  let stamps = new Map<string, string>();
  let reported = new Map<string, string>();
  let closed = false;
  let looking = false;

  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    const asked = stamps;
    try {
      const now = await stampsOf([...asked.keys()]);
      // Other files were named meanwhile: this look was at the wrong ones.
      if (closed || stamps !== asked) return;
      const still = [...now].every(([file, stamp]) => stamps.get(file) === stamp);
      const changed = [...now].some(([file, stamp]) => reported.get(file) !== stamp);
      stamps = now;
      if (still && changed) {
        reported = now;
        onChange();
      }
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();

  return {
    watch: async (files) => {
      const wanted = [...new Set(files)];
      const added = await stampsOf(wanted.filter((file) => !reported.has(file)));
      const keep = (known: ReadonlyMap<string, string>): Map<string, string> =>
        new Map(wanted.map((file) => [file, known.get(file) ?? added.get(file) ?? "gone"]));
      stamps = keep(stamps);
      reported = keep(reported);
    },
    stamp: (file) => stamps.get(file) ?? "gone",
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}

async function stampsOf(files: readonly string[]): Promise<Map<string, string>> {
  return new Map(await Promise.all(files.map(async (file) => [file, await stampOf(file)] as const)));
}

async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "gone";
  }
}
