import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, credentials, Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { EnvHttpProxyAgent, getGlobalDispatcher, setGlobalDispatcher } from "undici";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepLoopbackDirect } from "./loopback-direct.ts";

describe("the lists of what needs no proxy", () => {
  const LOOPBACK = "localhost,.localhost,127.0.0.1,::1";

  it.each<[NodeJS.ProcessEnv, NodeJS.ProcessEnv]>([
    [{}, { NO_PROXY: LOOPBACK, no_proxy: LOOPBACK }],
    [{ NO_PROXY: "a, ,b" }, { NO_PROXY: `a,b,${LOOPBACK}`, no_proxy: `a,b,${LOOPBACK}` }],
    [
      { no_proxy: "a", NO_PROXY: "b", no_grpc_proxy: "c" },
      {
        no_proxy: `a,${LOOPBACK}`,
        NO_PROXY: `b,${LOOPBACK}`,
        no_grpc_proxy: `c,${LOOPBACK}`,
      },
    ],
  ])("hold this host beside what %j names", (env, expected) => {
    keepLoopbackDirect(env);
    expect(env).toEqual(expected);
    keepLoopbackDirect(env);
    expect(env).toEqual(expected);
  });
});

describe("behind a proxy that refuses everything", () => {
  let proxy: Server;
  let asked = 0;
  const before = getGlobalDispatcher();

  beforeEach(async () => {
    asked = 0;
    proxy = createServer((_, answer) => {
      asked++;
      answer.writeHead(503).end();
    }).on("connect", (_, socket) => {
      asked++;
      socket.end("HTTP/1.1 503 No\r\n\r\n");
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "grpc_proxy"])
      vi.stubEnv(name, url);
    for (const name of ["NO_PROXY", "no_proxy"]) vi.stubEnv(name, "");
    keepLoopbackDirect();
    // As Node does itself with NODE_USE_ENV_PROXY, from version 22.21 on.
    setGlobalDispatcher(new EnvHttpProxyAgent());
  });

  afterEach(async () => {
    setGlobalDispatcher(before);
    vi.unstubAllEnvs();
    proxy.closeAllConnections();
    proxy.close();
    await once(proxy, "close");
  });

  it("fetch reaches this host", async () => {
    const service = createServer((_, answer) => answer.end("here"));
    await once(service.listen(0, "127.0.0.1"), "listening");
    const { port } = service.address() as AddressInfo;
    for (const host of ["127.0.0.1", "localhost"]) {
      const answer = await fetch(`http://${host}:${port}/`, { headers: { connection: "close" } });
      expect(await answer.text()).toBe("here");
    }
    service.close();
    expect(asked).toBe(0);
  });

  it("gRPC reaches this host", async () => {
    const service = new GrpcServer();
    const port = await new Promise<number>((resolve, reject) =>
      service.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve())),
    );
    client.close();
    service.forceShutdown();
    expect(asked).toBe(0);
  });
});
