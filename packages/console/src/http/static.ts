import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { DeployError } from "@deploy/core";

/** The pages and their files, which were read once: a path is only ever looked up, never opened. */
export interface StaticFiles {
  /** The file at a path, or the page for paths of pages; undefined: there is none. Throws `console.not-built`. */
  answer(request: Request, path: string): Response | undefined;
}

interface StaticFile {
  readonly type: string;
  readonly tag: string;
  readonly immutable: boolean;
  readonly plain: Uint8Array<ArrayBuffer>;
  /** Compressed when it is first asked for, and kept. */
  readonly compressed: Map<"br" | "gzip", Uint8Array<ArrayBuffer>>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
  ".txt": "text/plain; charset=utf-8",
};

/** Where the built pages are: beside the built program, or in `dist` beside the sources. */
const PLACES: readonly string[] = ["./public", "../public", "../../dist/public"];

/** Reads the built pages of `directory`; by default those of this package. */
export function readStaticFiles(directory: string | undefined = builtPages()): StaticFiles {
  const files = directory === undefined ? new Map<string, StaticFile>() : filesOf(directory);
  return {
    answer: (request, path) => {
      const file = files.get(path) ?? (isPage(path) ? files.get("/index.html") : undefined);
      if (file !== undefined) return fileAnswer(file, request);
      if (!isPage(path) || files.size > 0) return undefined;
      throw new DeployError({
        code: "console.not-built",
        message: "The pages of the console are not there.",
        hint: "Build them: npm run build --workspace @deploy/console.",
      });
    },
  };
}

function builtPages(): string | undefined {
  return PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((place) =>
    existsSync(join(place, "index.html")),
  );
}

function filesOf(directory: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(directory, file).split(sep).join("/")}`;
    const plain = new Uint8Array(readFileSync(file));
    const tag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
    files.set(path, { type, tag, plain, immutable: path.startsWith("/assets/"), compressed: new Map() });
  }
  return files;
}

/** Whether a path is one of a page, not of a file: the browser's own router knows which. */
function isPage(path: string): boolean {
  return (
    !path.startsWith("/assets/") && !/\.(?:js|css|map|svg|png|ico|json|txt|woff2|webmanifest)$/.test(path)
  );
}

function fileAnswer(file: StaticFile, request: Request): Response {
  const headers: Record<string, string> = {
    "content-type": file.type,
    // A file's name holds the hash of what is in it; everything else is asked for anew, and then not sent.
    "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    etag: file.tag,
    vary: "accept-encoding",
  };
  if (request.headers.get("if-none-match") === file.tag) return new Response(null, { status: 304, headers });
  const encoding = encodingOf(request, file);
  const body = encoding === undefined ? file.plain : compressedOf(file, encoding);
  return new Response(request.method === "HEAD" ? null : body, {
    headers: {
      ...headers,
      "content-length": String(body.byteLength),
      ...(encoding === undefined ? {} : { "content-encoding": encoding }),
    },
  });
}

function encodingOf(request: Request, { type, plain }: StaticFile): "br" | "gzip" | undefined {
  if (!/^(?:text|application|image\/svg)/.test(type) || plain.byteLength < 1024) return undefined;
  const accepted = (request.headers.get("accept-encoding") ?? "")
    .split(",")
    .filter((part) => !/;\s*q=0(?:\.0*)?\s*$/.test(part))
    .map((part) => part.split(";", 1)[0]?.trim().toLowerCase());
  return accepted.includes("br") ? "br" : accepted.includes("gzip") ? "gzip" : undefined;
}

function compressedOf(file: StaticFile, encoding: "br" | "gzip"): Uint8Array<ArrayBuffer> {
  const known = file.compressed.get(encoding);
  if (known !== undefined) return known;
  const made = new Uint8Array(
    encoding === "br"
      ? brotliCompressSync(file.plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
      : gzipSync(file.plain),
  );
  file.compressed.set(encoding, made);
  return made;
}
