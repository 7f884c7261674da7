/**
 * A client for the crash test: brings the vendor's things of owner `me` to what is wanted.
 *
 * node client.mjs <endpoint> <how> <file for what it remembers>; the endpoint is a URL or the path of a unix socket. How:
 * right     looks by tag before it creates
 * hasty     creates what it remembers no creation of, without looking; it remembers at its very end
 * careless  deletes whatever it does not want, whoever made it
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";

const [endpoint, how, memory] = process.argv.slice(2);
const place = endpoint.startsWith("/")
  ? { socketPath: endpoint }
  : { host: new URL(endpoint).hostname, port: new URL(endpoint).port };
const wanted = [
  { name: "alpha", size: 2, tags: { owner: "me" } },
  { name: "beta", size: 1, tags: { owner: "me" } },
];

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = request({ ...place, method, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode < 400) resolve(text === "" ? undefined : JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const list = async () => {
  const things = await call("GET", "/things");
  return how === "careless" ? things : things.filter((thing) => thing.tags.owner === "me");
};

const known = await list();
const remembered = existsSync(memory) ? JSON.parse(readFileSync(memory, "utf8")) : [];
for (const want of wanted) {
  const have = known.find(({ name }) => name === want.name);
  const isMissing = how === "hasty" ? !remembered.includes(want.name) : have === undefined;
  if (isMissing) await call("POST", "/things", want);
  else if (have !== undefined && have.size !== want.size) await call("PUT", `/things/${have.id}`, want);
}
for (const { id, name } of known) {
  if (!wanted.some((want) => want.name === name)) await call("DELETE", `/things/${id}`);
}
while ((await list()).some(({ state }) => state === "pending"))
  await new Promise((next) => setTimeout(next, 5));
writeFileSync(memory, JSON.stringify(wanted.map(({ name }) => name)));
