import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ReferenceVendor } from "../../reference/vendor.js";

/** The reference vendor on a port, for clients that are processes of their own. */
export async function serveVendor(
  vendor: ReferenceVendor,
): Promise<{ readonly url: URL; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const answer = await vendor.fetch(new URL(request.url ?? "/", "https://reference.test"), {
      method: request.method ?? "GET",
      headers: { authorization: request.headers.authorization ?? "" },
      ...(body === "" ? {} : { body }),
    });
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
