import { Agent, request } from "node:http";

/** What came of a constant load. */
export interface LoadResult {
  readonly answers: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  readonly slowestMs: number;
}

/** Requests without a pause from several connections, until it is ended. */
export interface Load {
  end(): Promise<LoadResult>;
}

/**
 * Every third request of each connection is a POST, which a proxy may not repeat once it was sent.
 *
 * @param keepAlive whether connections are used again. Nothing here repeats a request on one that was closed while it
 *   was idle, as clients do that keep connections (RFC 9112, section 9.5).
 */
export function startLoad(port: number, host: string, connections: number, keepAlive = true): Load {
  const agent = new Agent({ keepAlive, maxSockets: connections });
  const answers: Record<string, number> = {};
  const failures: string[] = [];
  let slowestMs = 0;
  let running = true;
  const worker = async (): Promise<void> => {
    for (let number = 0; running; number += 1) {
      const method = number % 3 === 2 ? "POST" : "GET";
      const started = performance.now();
      try {
        const { status, body } = await once(agent, port, host, method);
        if (status === 200) answers[body] = (answers[body] ?? 0) + 1;
        else failures.push(`${method} ${status} ${body.slice(0, 200)}`);
      } catch (error) {
        failures.push(`${method} ${String(error)}`);
      }
      slowestMs = Math.max(slowestMs, performance.now() - started);
    }
  };
  const workers = Array.from({ length: connections }, worker);
  return {
    end: async () => {
      running = false;
      await Promise.all(workers);
      agent.destroy();
      return { answers, failures, slowestMs: Math.round(slowestMs) };
    },
  };
}

/** One request; the host header decides which site answers. */
export function once(
  agent: Agent | false,
  port: number,
  host: string,
  method: "GET" | "POST" = "GET",
  path = "/",
): Promise<{ status: number; body: string; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, agent, method, path, headers: { host } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body, location: response.headers.location }),
      );
    });
    sent.on("error", reject);
    sent.setTimeout(90_000, () => sent.destroy(new Error("no answer within 90 s")));
    sent.end(method === "POST" ? "x".repeat(2000) : undefined);
  });
}
