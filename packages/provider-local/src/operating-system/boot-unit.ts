/** What is started at boot: the text of a systemd user unit or a launchd property list is made from it. */
export interface BootProgram {
  /** The program (an absolute path) and its arguments. */
  readonly argv: readonly string[];
  /** Environment variables of the program. Never a secret: the file is readable by others. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The launchd label, and the base of its file name. */
const launchdLabel = "deploy.supervisor";

/** The systemd unit's name. */
export const systemdUnit = "deploy-supervisor.service";

/** One word of a systemd command line: quoted, with `%` (specifiers) and, in commands, `$` (variables) taken literally. */
function systemdWord(word: string): string {
  const escaped = word
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("%", "%%");
  return `"${escaped}"`;
}

/** The systemd user unit for a program: restarted when it fails, its children left alone when it stops. */
export function systemdUnitText(program: BootProgram): string {
  const command = program.argv.map((word) => systemdWord(word).replaceAll("$", "$$$$")).join(" ");
  const environment = Object.entries(program.environment ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `Environment=${systemdWord(`${name}=${value}`)}`);
  return [
    "[Unit]",
    "Description=Deploy supervisor",
    "",
    "[Service]",
    `ExecStart=${command}`,
    ...environment,
    "Restart=on-failure",
    "RestartSec=2",
    // The apps outlive a restart of their supervisor, which finds them again.
    "KillMode=process",
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ].join("\n");
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The launchd agent for a program: started at login, restarted when it fails, its children left alone. */
export function launchdText(program: BootProgram): string {
  const argv = program.argv.map((word) => `    <string>${xml(word)}</string>`);
  const environment = Object.entries(program.environment ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `    <key>${xml(name)}</key><string>${xml(value)}</string>`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    "<dict>",
    `  <key>Label</key><string>${launchdLabel}</string>`,
    "  <key>ProgramArguments</key>",
    "  <array>",
    ...argv,
    "  </array>",
    ...(environment.length === 0
      ? []
      : ["  <key>EnvironmentVariables</key>", "  <dict>", ...environment, "  </dict>"]),
    "  <key>RunAtLoad</key><true/>",
    "  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>",
    "  <key>AbandonProcessGroup</key><true/>",
    "</dict>",
    "</plist>",
    "",
  ].join("\n");
}
