import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { brokerServer, stopAfterEach } from "../../../test-support/broker-servers.ts";
import { spawnServer } from "../../../test-support/child-server.ts";
import { startValkey, type TestValkey } from "../../../test-support/valkey.ts";

stopAfterEach();

let dir: string;
let valkey: TestValkey;
const certificate = (): string => join(dir, "certificate.pem");
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sse-server-tls-"));
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", join(dir, "key.pem"), "-out", certificate()];
  const kind = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  await promisify(execFile)("openssl", [...kind, ...subject, ...files]);
  valkey = await startValkey();
});
afterAll(async () => {
  await valkey.stop();
  await rm(dir, { recursive: true });
});

/** Ends TLS in front of Valkey, because the pinned Valkey is built without it. */
async function tlsPort(): Promise<{ port: number; close(): void }> {
  const files = { key: join(dir, "key.pem"), cert: certificate() };
  const [key, cert] = await Promise.all([readFile(files.key), readFile(files.cert)]);
  const server = createServer({ key, cert }, (client) => {
    const upstream = connect(valkey.port, "127.0.0.1");
    client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
    upstream.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test("speaks TLS for rediss: in any case, and verifies the certificate", async () => {
  const tls = await tlsPort();
  const url = `REDISS://127.0.0.1:${tls.port}`;
  const distrustful = await brokerServer(url);
  await distrustful.brokerIs("down", /certificate.*NODE_EXTRA_CA_CERTS/);
  const server = await spawnServer({
    REDIS_URL: url,
    FF_REDIS_SSE_BROADCAST: "true",
    NODE_EXTRA_CA_CERTS: certificate(),
  });
  try {
    await vi.waitFor(
      async () =>
        expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ broker: "up" }),
      { timeout: 15_000 },
    );
  } finally {
    server.process.kill("SIGKILL");
    await server.exited;
    tls.close();
  }
});

test("names a port without TLS", async () => {
  const server = await brokerServer(`rediss://127.0.0.1:${valkey.port}`);
  await server.brokerIs("down", /TLS.*that port.*REDIS_URL/);
});
