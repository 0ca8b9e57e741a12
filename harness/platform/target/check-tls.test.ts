import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, expect, it } from "vitest";
import { makeCertificate } from "../../../common/test-support/make-certificate.ts";
import { checkTls } from "./check-tls.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const listen = async (server: Server, host = "127.0.0.1"): Promise<number> => {
  servers.push(server);
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

const said = (url: string): Promise<string> =>
  checkTls(url).then(
    () => "accepted",
    (error: unknown) => (error as Error).message,
  );

it("asks nothing of http", async () => {
  expect(await said("http://127.0.0.1:1")).toBe("accepted");
});

it("names the host and the reason if a certificate is refused", async () => {
  const { key, cert } = await makeCertificate();
  const port = await listen(createTlsServer({ key, cert }));
  expect(await said(`https://localhost:${port}/app`)).toBe(
    `the certificate of localhost:${port} is refused: self-signed certificate ` +
      "(DEPTH_ZERO_SELF_SIGNED_CERT). Fix: name the file with the certificate of its authority: " +
      "NODE_EXTRA_CA_CERTS=ca.pem",
  );
  const six = await listen(createTlsServer({ key, cert }), "::1");
  expect(await said(`https://[::1]:${six}`)).toContain(
    `the certificate of [::1]:${six} is refused`,
  );
});

it("refuses a server that speaks no TLS, and one that does not answer", async () => {
  const plain = await listen(createHttpServer());
  expect(await said(`https://127.0.0.1:${plain}`)).toMatch(
    /^no TLS with 127\.0\.0\.1:\d+: (ERR_SSL_\w+|EPROTO)\. Fix: correct scheme and port/,
  );
  const closing = await listen(createServer((socket) => socket.destroy()));
  expect(await said(`https://127.0.0.1:${closing}`)).toMatch(/^no TLS with .*ECONNRESET/);
  expect(await said("https://127.0.0.1:1")).toContain("no TLS with 127.0.0.1:1: ECONNREFUSED");
  expect(await said("https://nowhere.invalid")).toMatch(/no TLS with nowhere.invalid: E\w+/);
});

it("refuses a server that speaks HTTP/2 only", async () => {
  const { key, cert } = await makeCertificate();
  const port = await listen(createTlsServer({ key, cert, ALPNProtocols: ["h2"] }));
  expect(await said(`https://localhost:${port}`)).toBe(
    `localhost:${port} does not speak HTTP/1.1 over TLS. Fix: turn HTTP/1.1 on there`,
  );
});
