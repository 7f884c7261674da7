import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { findFreePort, isPortFree, whoListens } from "./free-port.js";

test("ports which are taken or spoken for are passed over", async () => {
  const server = createServer().listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await isPortFree("127.0.0.1", port)).toBe(false);
  const found = await findFreePort({
    host: "127.0.0.1",
    from: port,
    to: port + 50,
    avoid: new Set([port + 1]),
  });
  expect(found).toBeGreaterThan(port + 1);
  await expect(findFreePort({ host: "127.0.0.1", from: port, to: port })).rejects.toMatchObject({
    code: "servers.no-free-port",
  });
  server.close();
});

test.skipIf(process.platform !== "linux")("the process which listens is named", async () => {
  const script = "const s=require('net').createServer().listen(0,'::1',()=>console.log(s.address().port))";
  const child = spawn(process.execPath, ["-e", script]);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  const listener = whoListens(port);
  expect(listener?.pid).toBe(child.pid);
  expect(listener?.command).not.toBe("");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(whoListens(port)).toBeUndefined();
});
