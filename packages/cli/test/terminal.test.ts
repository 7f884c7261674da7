import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixture, isBuilt, PROGRAM } from "./program.js";
import { hasTmux, startTerminal, type TerminalSession } from "./tmux.js";

const missing = [
  ...(hasTmux() ? [] : ["tmux (apt-get install tmux)"]),
  ...(isBuilt ? [] : ["the built packages"]),
];
if (missing.length > 0)
  console.warn(`skipped the tests in a real terminal: ${missing.join(" and ")} not here`);

describe.skipIf(missing.length > 0)("in a real terminal", () => {
  let app: ReturnType<typeof fixture>;
  let terminal: TerminalSession | undefined;
  const start = (words: readonly string[], env: Record<string, string> = {}): TerminalSession => {
    terminal = startTerminal([process.execPath, PROGRAM, ...words], { directory: app.directory, env });
    return terminal;
  };
  beforeEach(() => {
    app = fixture();
  });
  afterEach(() => {
    terminal?.close();
    terminal = undefined;
    app.remove();
  });

  it("shows running steps with spinner and seconds, keeps what is done, and ends with the URL", async () => {
    const screen = start(["up"], { FAKE_MILLISECONDS: "150" });
    await screen.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] image of shop {2}1 s\n {4}building layer/);
    expect(await screen.exitCode()).toBe(0);
    const text = screen.screen();
    expect(text).toMatch(/✓ image of shop {2}\d\.\d s/);
    expect(text).toContain("\nhttp://shop.localhost:4000\n");
    expect(text).toContain("deploy down --confirm shop");
    expect(text).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]|building layer/);
    expect(screen.cursor()).toBe(true);
  });

  it("draws over its own lines only, when the terminal becomes narrower meanwhile", async () => {
    const screen = start(["up"], { FAKE_MILLISECONDS: "250" });
    await screen.waitFor(/building layer 3/);
    screen.resize(60, 24);
    await screen.waitFor(/building layer 6/);
    // What the terminal itself pushed into its history while it wrapped lines, nobody can take back.
    expect(screen.visible().match(/image of shop/g)).toHaveLength(1);
    expect(await screen.exitCode()).toBe(0);
    expect(screen.visible().match(/image of shop/g)).toHaveLength(1);
    expect(screen.visible()).not.toContain("building layer");
    expect(screen.screen()).toContain("✓ database db");
  });

  it("stops at Ctrl-C, says what was done and how to go on", async () => {
    const screen = start(["up"], { FAKE_MILLISECONDS: "400" });
    await screen.waitFor(/building layer 2/);
    screen.type("C-c");
    expect(await screen.exitCode()).toBe(3);
    const text = screen.screen();
    expect(text).toContain("stopping: waiting for calls in flight");
    expect(text).toContain("done before it was stopped: database db");
    expect(text).toContain("to go on: deploy up");
    expect(screen.cursor()).toBe(true);
  });

  it("leaves at once at the second Ctrl-C", async () => {
    const screen = start(["up"], { FAKE_MILLISECONDS: "5000", FAKE_STUBBORN: "1" });
    await screen.waitFor(/building layer 1/);
    screen.type("C-c");
    await screen.waitFor(/stopping/);
    screen.type("C-c");
    expect(await screen.exitCode(2_000)).toBe(3);
    expect(screen.cursor()).toBe(true);
  });

  it("asks for a missing secret without showing it", async () => {
    const screen = start(["up"], { FAKE_SECRETS: "SECRET_KEY" });
    await screen.waitFor(/Value of SECRET_KEY/);
    screen.type("hunter2");
    await screen.waitFor(/▪{7}|•{7}|\*{7}/);
    screen.type("Enter");
    expect(await screen.exitCode()).toBe(0);
    expect(screen.screen()).not.toContain("hunter2");
    expect(app.state().secrets).toEqual({ SECRET_KEY: "hunter2" });
  });

  it("ends with 3 when a question is answered by Ctrl-C", async () => {
    const screen = start(["secrets", "set", "SECRET_KEY"], { FAKE_SECRETS: "SECRET_KEY" });
    await screen.waitFor(/Value of SECRET_KEY/);
    screen.type("C-c");
    expect(await screen.exitCode()).toBe(3);
  });

  it("removes only once the app's name was typed, and data only once its name was", async () => {
    start(["up"]);
    expect(await terminal?.exitCode()).toBe(0);
    terminal?.close();
    const screen = start(["down"]);
    await screen.waitFor(/Type shop to go on/);
    screen.type("shop", "Enter");
    await screen.waitFor(/Type db to delete it for good/);
    expect(app.state()).toMatchObject({ route: false, database: true });
    screen.type("db", "Enter");
    expect(await screen.exitCode()).toBe(0);
    expect(app.state()).toMatchObject({ database: false });
    expect(screen.screen()).toContain("nothing is left");
  });

  it("asks for the name of a protected environment, with the plan in front of it", async () => {
    const screen = start(["up", "-e", "production"]);
    expect(await screen.waitFor(/Type production to go on/)).toContain("6 to create");
    screen.type("no", "Enter");
    expect(await screen.exitCode()).toBe(3);
    screen.close();
    const again = start(["up", "-e", "production"]);
    await again.waitFor(/Type production to go on/);
    again.type("production", "Enter");
    expect(await again.exitCode()).toBe(0);
    expect(again.screen()).toContain("http://shop.localhost:4000");
  });

  it("asks for the name even where a missing secret is asked for, too", async () => {
    const screen = start(["up", "-e", "production"], { FAKE_SECRETS: "SECRET_KEY" });
    await screen.waitFor(/Type production to go on/);
    screen.type("Enter");
    expect(await screen.exitCode()).toBe(3);
    expect(screen.screen()).not.toContain("Value of SECRET_KEY");
  });

  it("lets colours of a log line through, and nothing else", async () => {
    const screen = start(["logs"]);
    expect(await screen.exitCode()).toBe(0);
    expect(screen.screen()).toContain("plain");
    expect(screen.screen()).toContain("␛[2Jwiped␇");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is the colour code.
    expect(screen.colours()).toMatch(/\u001B\[31m(?:\u001B\[[\d;]*m)*red/);
  });

  it("hands the terminal over to a one-off command, Ctrl-C included", async () => {
    const screen = start([
      "run",
      "--",
      "sh",
      "-c",
      "trap 'echo caught; exit 9' INT; test -t 1 && echo ready; sleep 5 & wait",
    ]);
    await screen.waitFor(/ready/);
    screen.type("C-c");
    expect(await screen.exitCode()).toBe(9);
    expect(screen.screen()).toContain("caught");
  });
});
