import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Client, createClient } from "./client.js";
import { findHome } from "./home.js";

let directory: string;
let server: Server;
let answer: string;
let ends: boolean;
let client: Client;
let logged: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "deploy-client-"));
  ends = true;
  server = createServer((_request, response) => {
    if (ends) response.end(answer);
    else response.write(answer, () => response.socket?.destroySoon());
  });
  const home = findHome({ DEPLOY_HOME: directory });
  await new Promise<void>((resolve) => server.listen(home.socket, resolve));
  logged = [];
  client = createClient(home, {
    signal: new AbortController().signal,
    log: (line) => logged.push(line),
    output: () => {},
  });
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

it("reports progress and answers with the result", async () => {
  answer = '{"type":"progress","message":"one"}\n{"type":"result","value":7}\n';
  expect(await client.call("GET", ["x"])).toBe(7);
  expect(logged).toEqual(["one"]);
});

it("takes no line that it does not know for the result", async () => {
  answer = '{"type":"warning","message":"from a newer supervisor"}\n{"type":"result","value":7}\n';
  expect(await client.call("GET", ["x"])).toBe(7);
});

it.each([
  ["an answer of somebody else", '{"message":"bad gateway"}\n', true],
  ["an answer that is no JSON", "<html>\n</html>\n", true],
  ["an answer that breaks off", '{"type":"result","value', false],
  ["an answer without a result", "", true],
])("loses the connection over %s", async (_what, text, isWhole) => {
  answer = text;
  ends = isWhole;
  await expect(client.call("GET", ["x"])).rejects.toMatchObject({
    code: "servers.connection-lost",
    retryable: true,
  });
});
