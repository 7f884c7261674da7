import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A directory for one scenario, with a copy of the author's app in it; made when it is first asked for. */
export interface Workplace {
  directory(): string;
  /** Writes a file of the app, so that the next build is another one. */
  write(name: string, text: string): void;
  remove(): void;
}

/** A workplace with a copy of `source`, or with one small file where there is no app. */
export function createWorkplace(source: string | undefined): Workplace {
  let made: string | undefined;
  const directory = (): string => {
    if (made !== undefined) return made;
    made = mkdtempSync(join(tmpdir(), "deploy-conformance-"));
    if (source === undefined) writeFileSync(join(made, "app.txt"), "hello\n");
    else cpSync(source, made, { recursive: true });
    return made;
  };
  return {
    directory,
    write(name, text) {
      const path = join(directory(), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    },
    remove() {
      if (made !== undefined) rmSync(made, { recursive: true, force: true });
      made = undefined;
    },
  };
}
