import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/** Requests that go on until they are stopped, each answer checked. */
export interface Load {
  /** Ends the workers; answers with what they saw. */
  stop(): Promise<LoadResult>;
  /** How many answers were right until now. */
  answered(): number;
}

/** What the workers saw. */
export interface LoadResult {
  readonly answered: number;
  /** Ids of the POST requests that were answered. */
  readonly posted: readonly string[];
  readonly failures: readonly string[];
  /** Releases that answered, in the order in which they first did. */
  readonly releases: readonly string[];
  readonly slowestMs: number;
}

/** Between two requests of one worker, in milliseconds: a load that leaves the machine room for what is tested. */
const pauseMs = 4;

/**
 * Four workers: GET and POST, each over connections of its own and over kept ones.
 *
 * A POST carries an id in `X-Id`, which the app writes down: who executes one twice is found out.
 */
export function startLoad(target: { readonly port: number; readonly host: string }): Load {
  const failures: string[] = [];
  const posted: string[] = [];
  const releases: string[] = [];
  let answered = 0;
  let slowestMs = 0;
  let going = true;

  const work = async (method: "GET" | "POST", agent: Agent | false): Promise<void> => {
    const kind = `${method} ${agent === false ? "fresh" : "kept"}`;
    for (let number = 0; going; number += 1) {
      const id = `${kind.replace(" ", "-")}-${number}`;
      const body = `${id} ${"x".repeat((number % 7) * 500)}`;
      const sent = method === "POST" ? { id, body } : undefined;
      const started = performance.now();
      try {
        const answer = await send({ ...target, method, agent, path: `/${id}` }, sent);
        const problem = check(answer, id, sent?.body);
        if (problem === undefined) {
          answered += 1;
          if (sent !== undefined) posted.push(id);
          else note(releases, (JSON.parse(answer.text) as { release: string }).release);
        } else failures.push(`${kind}: ${problem}`);
      } catch (error) {
        failures.push(`${kind}: ${(error as NodeJS.ErrnoException).code} ${(error as Error).message}`);
      }
      slowestMs = Math.max(slowestMs, performance.now() - started);
      await wait(pauseMs);
    }
    if (agent !== false) agent.destroy();
  };
  const workers = [
    work("GET", false),
    work("POST", false),
    work("GET", new Agent({ keepAlive: true, maxSockets: 1 })),
    work("POST", new Agent({ keepAlive: true, maxSockets: 1 })),
  ];
  return {
    answered: () => answered,
    async stop() {
      going = false;
      await Promise.all(workers);
      return { answered, posted, failures, releases, slowestMs };
    },
  };
}

function note(seen: string[], release: string): void {
  if (!seen.includes(release)) seen.push(release);
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function check(answer: Answer, id: string, body: string | undefined): string | undefined {
  if (answer.status !== 200) return `${id} was answered ${answer.status}: ${answer.text.slice(0, 200)}`;
  if (body !== undefined) return answer.text === body ? undefined : `${id} was echoed as another text`;
  return answer.text.includes(`"/${id}"`) ? undefined : `${id} got the answer to another request`;
}

function send(
  target: {
    readonly port: number;
    readonly host: string;
    readonly method: string;
    readonly path: string;
    readonly agent: Agent | false;
  },
  post: { readonly id: string; readonly body: string } | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, host, method, path, agent } = target;
    const headers = post === undefined ? { host } : { host, "x-id": post.id };
    const sent = request({ host: "127.0.0.1", port, method, path, agent, headers }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      incoming.once("error", reject);
      incoming.once("end", () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
    sent.setTimeout(20_000, () => sent.destroy(new Error("no answer within 20 s")));
    sent.once("error", reject);
    sent.end(post?.body);
  });
}
