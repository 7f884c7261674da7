/** Directory of configuration and sites inside Caddy's containers. */
export const configDirectory = "/etc/caddy";

/** Variables by which the scripts below get what they write: text never becomes part of a script. */
export const variables = {
  main: "DEPLOY_CADDYFILE",
  site: "DEPLOY_SITE",
  text: "DEPLOY_SITE_TEXT",
  ports: "DEPLOY_SITE_PORTS",
} as const;

/** How the one-off task that puts a site in place may end. */
export const exitCodes = { done: 0, portTaken: 3, refused: 4, notRunning: 5 } as const;

/** Starts Caddy with the shared options as they are now, and all sites that are there. */
export const serveScript: string = `set -eu
mkdir -p ${configDirectory}/apps
printf %s "$${variables.main}" > ${configDirectory}/Caddyfile.next
mv ${configDirectory}/Caddyfile.next ${configDirectory}/Caddyfile
exec caddy run --config ${configDirectory}/Caddyfile --adapter caddyfile
`;

/**
 * Puts one app's site in place, or takes it away when the text is empty, and has Caddy reload.
 *
 * One at a time, by a lock in the shared directory: what it finds there is what Caddy will load. A site that Caddy
 * refuses is taken back, so that it can neither stop the others' changes nor Caddy's next start.
 */
export const applyScript: string = `set -eu
cd ${configDirectory}
mkdir -p apps
exec 9> .lock
flock 9
file="apps/$${variables.site}.caddy"
for port in $${variables.ports}; do
  for other in apps/*.caddy; do
    if [ "$other" != "$file" ] && grep -qx "# deploy port $port" "$other" 2> /dev/null; then
      echo "port $port is taken by $other"
      exit ${exitCodes.portTaken}
    fi
  done
done
[ -e Caddyfile ] || printf %s "$${variables.main}" > Caddyfile
rm -f .before
[ ! -e "$file" ] || cp "$file" .before
if [ -n "$${variables.text}" ]; then
  printf %s "$${variables.text}" > .next
  mv .next "$file"
else
  rm -f "$file"
fi
take_back() {
  rm -f "$file"
  [ ! -e .before ] || mv .before "$file"
  exit "$1"
}
caddy validate --config Caddyfile --adapter caddyfile || take_back ${exitCodes.refused}
tries=0
until caddy reload --config Caddyfile --adapter caddyfile; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || take_back ${exitCodes.notRunning}
  sleep 1
done
rm -f .before
`;

/**
 * Waits until the task is to stop, and then so many seconds more: the container it is stopped before goes on serving
 * meanwhile.
 */
export function lingerScript(seconds: number): string {
  return `trap 'sleep ${seconds}; exit 0' TERM
while :; do sleep 3600 & wait $!; done
`;
}
