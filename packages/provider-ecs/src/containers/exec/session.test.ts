import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { DeployError, systemClock } from "@deploy/core";
import { afterEach, describe, expect, it } from "vitest";
import {
  type SessionServer,
  type SessionServerOptions,
  startSessionServer,
} from "../../../test/support/exec/session-server.js";
import { run } from "../../../test/support/program.js";
import { runInSession, type SessionRequest } from "./run-in-session.js";
import { openSession } from "./session.js";

const hasPython = (await run(["python3", "--version"])).code === 0;
if (!hasPython) console.warn("skipped: no python3, which makes the terminals of sessions");

/** A person's terminal, as far as it is used. */
function createTerminal() {
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    isRaw: false,
    setRawMode(raw: boolean) {
      input.isRaw = raw;
      return input;
    },
  });
  const screen: Buffer[] = [];
  const output = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns: 80,
    rows: 24,
    write(data: Uint8Array) {
      screen.push(Buffer.from(data));
      return true;
    },
  });
  const shown = (): string => Buffer.concat(screen).toString();
  const sees = async (pattern: RegExp): Promise<void> => {
    for (let tries = 0; !pattern.test(shown()); tries += 1) {
      if (tries > 500) throw new Error(`${pattern} is not on the screen: ${JSON.stringify(shown())}`);
      await systemClock.sleep(20);
    }
  };
  const terminal = { input, output } as unknown as SessionRequest["terminal"];
  return { input, output, shown, sees, terminal };
}

describe.skipIf(!hasPython)("a session inside a container", () => {
  let server: SessionServer;
  afterEach(() => server?.close());

  const start = async (options?: SessionServerOptions): Promise<void> => {
    server = await startSessionServer(options);
  };
  const inSession = (request: Partial<SessionRequest>, signal = new AbortController().signal) =>
    runInSession(
      {
        command: "true",
        stdio: "capture",
        env: {},
        clock: systemClock,
        terminal: createTerminal().terminal,
        ...request,
      },
      (line) => openSession(server.open(line), { clock: systemClock, signal }),
    );
  const captured = async (request: Partial<SessionRequest>) => {
    const { output, exitCode } = await inSession(request);
    const pieces: Uint8Array[] = [];
    for await (const { data } of output) pieces.push(data);
    return { output: Buffer.concat(pieces), exitCode: await exitCode };
  };

  it("gives output as it was written, and the true exit code", async () => {
    await start();
    const { output, exitCode } = await captured({ command: "echo inside; exit 5" });
    expect([output.toString(), exitCode]).toEqual(["inside\n", 5]);
    expect((await captured({ command: "kill -9 $$" })).exitCode).toBe(137);
    expect((await captured({ command: ["printf", "%s", "it's"], env: { OWN: "x" } })).output.toString()).toBe(
      "it's",
    );
    expect(server.handshakes[0]).toMatchObject({ Errors: [], ProcessedClientActions: [{ ActionStatus: 1 }] });
  });

  it("answers with the exit code even when nobody reads the output", async () => {
    await start();
    const { exitCode } = await inSession({ command: "echo unread; exit 3" });
    expect(await exitCode).toBe(3);
  });

  it("hands over input as bytes", async () => {
    await start();
    const input = randomBytes(50_000);
    const { output, exitCode } = await captured({ command: "cat", input });
    expect(exitCode).toBe(0);
    expect(output.equals(input)).toBe(true);
  });

  it("hands over what is typed at once", async () => {
    await start();
    let answered: () => void = () => undefined;
    const answer = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const typed = (async function* () {
      yield Buffer.from("first\n");
      await answer;
      yield Buffer.from("second\n");
    })();
    const { output, exitCode } = await inSession({ command: "cat", input: typed });
    let shown = "";
    for await (const { data } of output) {
      shown += Buffer.from(data).toString();
      if (shown.includes("first")) answered();
    }
    expect(shown).toBe("first\nsecond\n");
    expect(await exitCode).toBe(0);
  });

  it("loses, doubles and mixes up nothing on a bad way", async () => {
    await start({ loss: 0.2, jitterMs: 60, doubles: 0.2 });
    const lines = Array.from({ length: 8_000 }, (_, index) => `line ${index}\n`).join("");
    const { output, exitCode } = await captured({ command: "cat; exit 9", input: Buffer.from(lines) });
    expect(output.toString()).toBe(lines);
    expect(exitCode).toBe(9);
    expect(server.resent).toBeGreaterThan(0);
  }, 60_000);

  it("sends nothing while the other side asks for silence, and goes on afterwards", async () => {
    await start();
    const source = (async function* () {
      yield Buffer.from("before\n");
      await systemClock.sleep(300);
      server.publish(false);
      await systemClock.sleep(100);
      setTimeout(() => server.publish(true), 300);
      yield Buffer.from("after\n");
    })();
    const { output } = await captured({ command: "cat", input: source });
    expect(output.toString()).toBe("before\nafter\n");
  });

  it("is a person's terminal: size, keys, Ctrl-C", async () => {
    await start();
    const terminal = createTerminal();
    const { exitCode } = await inSession({
      command: "trap 'echo stopped; exit 4' INT; stty size; while :; do sleep 0.1; done",
      stdio: "inherit",
      terminal: terminal.terminal,
    });
    await terminal.sees(/24 80/);
    expect(terminal.input.isRaw).toBe(true);
    terminal.output.columns = 132;
    terminal.output.emit("resize");
    terminal.input.write("\u0003");
    expect(await exitCode).toBe(4);
    expect(terminal.shown()).toContain("stopped");
    expect(terminal.shown()).not.toContain("deploy;");
    expect(server.sizes).toEqual(["80 x 24", "132 x 24"]);
    expect(terminal.input.isRaw).toBe(false);
  });

  it("does not invent an exit code when the connection is lost", async () => {
    await start({ breakAfter: 3 });
    const terminal = createTerminal();
    const { exitCode } = await inSession({
      command: "for n in 1 2 3 4 5 6; do echo $n; sleep 0.1; done",
      stdio: "inherit",
      terminal: terminal.terminal,
    });
    await expect(exitCode).rejects.toMatchObject({ code: "containers.exec-failed" });
    expect(terminal.input.isRaw).toBe(false);
  });

  it("says why it cannot speak with a cluster that encrypts sessions", async () => {
    await start({ encrypted: true });
    await expect(inSession({})).rejects.toMatchObject({ message: expect.stringContaining("KMS") });
  });

  it("ends with its signal, and names neither address nor token", async () => {
    await start();
    const stop = new AbortController();
    const { exitCode } = await inSession({ command: "sleep 60" }, stop.signal);
    stop.abort(new DeployError({ code: "run.cancelled", message: "Cancelled." }));
    await expect(exitCode).rejects.toMatchObject({ code: "run.cancelled" });
    const nowhere = { streamUrl: "ws://127.0.0.1:1/secret-address", token: "secret-token" };
    const error = await openSession(nowhere, {
      clock: systemClock,
      signal: new AbortController().signal,
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "containers.exec-unreachable" });
    expect(JSON.stringify(error)).not.toContain("secret");
  });
});
