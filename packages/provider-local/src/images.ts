import { resolve } from "node:path";
import { DeployError, type ImageReference, type Images, output, type ResolvedBuild } from "@deploy/core";
import { buildLogOf } from "./build-log.js";
import { findHome } from "./home.js";
import { createImage, hashContext, listImages } from "./image-store/index.js";
import { createLineSplitter, type LineSplitter } from "./line-splitter.js";
import { writeFileAtomic } from "./operating-system/atomic-file.js";
import { idOf, localResource } from "./resources.js";

/** Element two on this machine: content-addressed snapshots of the build context. */
export function createImages(): Images {
  return {
    capabilities: {
      dockerfile: { no: "this machine runs processes, not containers" },
      buildCommand: true,
      promotion: true,
    },
    async image(context, scope, source) {
      const home = findHome(context.env).directory;
      const { digest, build, directory } =
        source.kind === "existing"
          ? { digest: source.image.digest, build: undefined, directory: undefined }
          : await digestOf(
              home,
              resolve(context.directory, source.build.context),
              source.build,
              context.signal,
            );
      const find = async (): Promise<ImageReference | undefined> => {
        const image = (await listImages({ home, app: scope.app })).find((one) => one.digest === digest);
        return image && { digest, location: image.path };
      };
      const image = localResource<{ digest: string }, ImageReference>("images", {
        id: idOf("images", { ...scope, environment: "all" }, digest.slice(7, 19)),
        label: `image ${digest.slice(7, 19)}`,
        verb: "build",
        desired: { digest },
        read: find,
        blocked: (observed) =>
          observed === undefined && build === undefined
            ? {
                code: "images.unknown",
                message: `The image ${digest.slice(0, 19)} is no longer on this machine.`,
                hint: "Images of the last five releases are kept; deploy the source again.",
              }
            : undefined,
        async create(ctx) {
          if (build === undefined || directory === undefined) {
            throw new DeployError({ code: "images.unknown", message: `There is no image ${digest}.` });
          }
          const lines: string[] = [];
          const splitters = { stdout: splitterOf("stdout"), stderr: splitterOf("stderr") };
          function splitterOf(stream: "stdout" | "stderr"): LineSplitter {
            return createLineSplitter((line) => {
              lines.push(line);
              ctx.output(line, stream);
            });
          }
          const made = await createImage({
            home,
            app: scope.app,
            directory,
            build,
            digest,
            signal: ctx.signal,
            env: ctx.env,
            onOutput: (text, stream) => splitters[stream].add(text),
          });
          for (const splitter of Object.values(splitters)) splitter.end();
          // An image without its build log is as good as one with it.
          if (!made.reused)
            await writeFileAtomic(buildLogOf(made.path), `${lines.join("\n")}\n`).catch(() => {});
          return { digest, location: made.path };
        },
      });
      return { resources: [image], image: output(image, (observed) => observed) };
    },
  };
}

async function digestOf(
  home: string,
  directory: string,
  build: ResolvedBuild,
  signal: AbortSignal,
): Promise<{
  digest: string;
  build: { command?: string | readonly string[]; env: Record<string, string> };
  directory: string;
}> {
  const made = { ...(build.command === undefined ? {} : { command: build.command }), env: { ...build.args } };
  const { digest } = await hashContext({ home, directory, build: made, signal });
  return { digest, build: made, directory };
}
