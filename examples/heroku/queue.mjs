import { connect } from "node:net";
import { connect as connectSecurely } from "node:tls";

/** Puts a job into a queue. */
export async function push(queue, job) {
  await command("LPUSH", queue, job);
}

/** Takes the oldest job out of a queue; undefined when none came within a second. */
export async function pop(queue) {
  const answer = await command("BRPOP", queue, "1");
  return answer.startsWith("*2") ? answer.split("\r\n")[4] : undefined;
}

/** One command of Redis and its answer, on a connection of its own. */
function command(...words) {
  const { protocol, hostname, port, username, password } = new URL(process.env.REDIS_URL);
  const place = { host: hostname, port: Number(port || 6379) };
  // Heroku's Key-Value Store has a certificate of its own making; the connection is encrypted all the same.
  const open = () =>
    protocol === "rediss:" ? connectSecurely({ ...place, rejectUnauthorized: false }) : connect(place);
  const login =
    password === ""
      ? []
      : [["AUTH", ...(username === "" ? [] : [decodeURIComponent(username)]), decodeURIComponent(password)]];
  const lines = [...login, words, ["QUIT"]].map(
    (parts) =>
      `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`,
  );
  return new Promise((resolve, reject) => {
    const socket = open();
    let answer = "";
    socket.setTimeout(5_000, () => socket.destroy(new Error("no answer within 5 s")));
    socket.on("data", (data) => {
      answer += data;
    });
    socket.on("error", reject);
    socket.on("close", () => {
      const own = login.length === 0 ? answer : answer.replace(/^[^\r]*\r\n/, "");
      if (own.startsWith("-")) reject(new Error(own.slice(1).split("\r\n")[0]));
      else resolve(own);
    });
    socket.write(lines.join(""));
  });
}
