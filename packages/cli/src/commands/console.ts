import { createAppLoader } from "../console/load-apps.js";
import { loadConsole } from "../console/load-console.js";
import { openBrowser } from "../console/open-browser.js";
import { consoleSettings } from "../console/options.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";

/** `deploy console`: starts the web console, and runs until it is interrupted. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, directory, terminal, interruption } = context;
  const settings = consoleSettings(context);
  const { startConsole } = await loadConsole(directory);
  const load = createAppLoader({ directory, places: [...context.words, ...flags.list("config")] });
  const first = await load();
  for (const { place, message } of first.problems) {
    await context.say(context.style.stderr.yellow(`${place}: ${message}`));
  }
  const { local } = await import("@deploy/provider-local");
  let pending: typeof first | undefined = first;
  const running = await startConsole({
    ...settings,
    load: async () => {
      const loaded = pending ?? (await load());
      pending = undefined;
      return loaded;
    },
    defaultTarget: local(),
    onFailure: (thrown, where) => {
      const reason =
        flags.has("debug") && thrown instanceof Error ? `: ${thrown.stack ?? thrown.message}` : "";
      void context.say(`${where} failed${reason === "" ? " (--debug shows why)" : reason}`);
    },
  });
  if (context.json) await context.printJson({ url: running.url, ownerLink: running.ownerLink });
  else await context.print(running.url);
  if (running.ownerLink !== undefined) {
    await context.say(`Sign in, once, within ten minutes: ${running.ownerLink}`);
  }
  await context.say(context.style.stderr.dim("Ctrl-C ends the console; what it shows goes on."));
  if (flags.has("open") || (terminal.interactive && !flags.has("no-open"))) openBrowser(running.url);
  await new Promise<void>((resolve) => {
    if (interruption.signal.aborted) resolve();
    interruption.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await running.close();
  return EXIT.done;
}
