import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import {
  Agent,
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import getPort from "get-port";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { haproxyConfig } from "./haproxy-config.ts";
import type { RouterPlan } from "./router-plan.ts";
import { startNameServer } from "./test-support/name-server.ts";
import { traefikConfig } from "./traefik-config.ts";

/** As the tests' set-up found it, with the libraries that were unpacked beside it. */
const HAPROXY = process.env["SSE_LAB_TEST_HAPROXY"] ?? "haproxy";
const env = {
  ...process.env,
  LD_LIBRARY_PATH: process.env["SSE_LAB_TEST_HAPROXY_LIBRARIES"] ?? "",
};
const PATIENCE = { timeout: 10_000, interval: 20 };

let folder: string;
let router: ChildProcess | undefined;
const backends: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-haproxy-"));
});
afterEach(async () => {
  router?.kill("SIGKILL");
  router = undefined;
  for (const backend of backends.splice(0)) {
    backend.closeAllConnections();
    backend.close();
  }
  await rm(folder, { recursive: true, force: true });
});

const plan = (change: Partial<RouterPlan> = {}): RouterPlan => ({
  webAddress: "127.0.0.1:18080",
  opsAddress: "127.0.0.1:18081",
  servers: [
    { name: "server-1", url: "http://127.0.0.1:3001" },
    { name: "server-2", url: "http://127.0.0.1:3002" },
  ],
  affinity: "header",
  resolvesNames: false,
  ...change,
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An instance that is ready, answers as told, and can be asked how many connections it has. */
const startBackend = async (
  answer: Answer = (_, response) => void response.end("ok"),
  host = "127.0.0.1",
): Promise<Server> => {
  const backend = createServer((request, response) => {
    if (request.url === "/readyz") response.end();
    else answer(request, response);
  }).listen(0, host);
  backends.push(backend);
  await once(backend, "listening");
  return backend;
};

const urlOf = (backend: Server): string =>
  `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;

const run = async (
  change: Partial<RouterPlan>,
  edit: (content: string) => string = (content) => content,
) => {
  const [web, ops] = [await getPort({ host: "127.0.0.1" }), await getPort({ host: "127.0.0.1" })];
  const [file] = haproxyConfig(
    folder,
    plan({ webAddress: `127.0.0.1:${web}`, opsAddress: `127.0.0.1:${ops}`, ...change }),
  );
  await writeFile(file.path, edit(file.content));
  router = spawn(HAPROXY, ["-db", "-f", file.path], { env, cwd: folder, stdio: "ignore" });
  const opsUrl = `http://127.0.0.1:${ops}`;
  await vi.waitFor(async () => expect((await fetch(opsUrl)).status).toBe(200), PATIENCE);
  return { url: `http://127.0.0.1:${web}`, opsUrl };
};

const startRouter = (urls: readonly string[], affinity: RouterPlan["affinity"] = "header") =>
  run({ servers: urls.map((url, index) => ({ name: `server-${index + 1}`, url })), affinity });

const connectionsOf = (backend: Server): Promise<number> =>
  new Promise((resolve, reject) =>
    backend.getConnections((error, n) => (error ? reject(error) : resolve(n))),
  );

describe("the file", () => {
  it.each<[string, Partial<RouterPlan>]>([
    ["a hash of the header", {}],
    ["no affinity", { affinity: "none" }],
    [
      "names that are looked up again and again",
      {
        resolvesNames: true,
        servers: [{ name: "server-1", url: "http://phase1-header-server-1:3000" }],
      },
    ],
  ])("is one that HAProxy takes without a warning: %s", async (_, change) => {
    const files = haproxyConfig(folder, plan(change));
    expect(files.map(({ path }) => path)).toEqual([join(folder, "haproxy.cfg")]);
    await writeFile(files[0].path, files[0].content);
    const { all, exitCode } = await execa(HAPROXY, ["-c", "-f", files[0].path], {
      env,
      all: true,
      reject: false,
    });
    expect(all).not.toMatch(/warning|alert/i);
    expect(exitCode).toBe(0);
  });

  it("looks names up at Docker's name server only where that is asked for", () => {
    expect(haproxyConfig(folder, plan({ resolvesNames: true }))[0].content).toMatch(
      /nameserver \S+ 127\.0\.0\.11:53[^]*init-addr none/,
    );
    expect(haproxyConfig(folder, plan())[0].content).not.toMatch(/nameserver|init-addr/);
  });

  it("is refused for what the router cannot do, by name", () => {
    expect(() => haproxyConfig(folder, plan({ affinity: "cookie" }))).toThrow(
      'affinity "cookie": HAProxy',
    );
    expect(() => traefikConfig(folder, plan())).toThrow(
      'affinity "header": Traefik cannot hash a header',
    );
    const servers = [{ name: "server-1", url: "https://127.0.0.1:3001" }];
    expect(() => haproxyConfig(folder, plan({ servers }))).toThrow(
      "server-1: the routers reach instances by http",
    );
  });
});

describe("the router", () => {
  it("keeps a header's requests together, and lets requests without it take turns", async () => {
    const named: Answer = (request, response) =>
      void response.end(String(request.socket.localPort));
    const three = await Promise.all([
      startBackend(named),
      startBackend(named),
      startBackend(named),
    ]);
    const { url } = await startRouter(three.map(urlOf));
    const ask = async (headers: Record<string, string>): Promise<string> =>
      (await fetch(url, { headers })).text();
    const homes = new Set<string>();
    for (let session = 0; session < 30; session += 1) {
      const answers = new Set<string>();
      for (let i = 0; i < 3; i += 1)
        answers.add(await ask({ "x-session-id": `session-${session}` }));
      expect(answers.size).toBe(1);
      homes.add([...answers][0] ?? "");
    }
    expect(homes.size).toBe(3);
    const others: string[] = [];
    for (let i = 0; i < 60; i += 1) others.push(await ask({}));
    expect(new Set(others).size).toBe(3);
  });

  it("passes each event on at once, tells the client's address, and writes no file", async () => {
    let forwarded: unknown;
    let send = (): void => undefined;
    const backend = await startBackend((request, response) => {
      forwarded = request.headers["x-forwarded-for"];
      response.writeHead(200, { "content-type": "text/event-stream" });
      send = () => void response.write("data: x\n\n");
      send();
    });
    const { url } = await startRouter([urlOf(backend)]);
    const answer = await fetch(url, { headers: { "accept-encoding": "gzip" } });
    expect(answer.headers.get("content-encoding")).toBeNull();
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    // Each is sent after the one before it was read: a router that waits for more would wait for
    // ever.
    for (let event = 0; event < 5; event += 1) {
      const { value } = await reader.read();
      expect(Buffer.from(value ?? []).toString()).toBe("data: x\n\n");
      send();
    }
    await reader.cancel();
    expect(forwarded).toBe("127.0.0.1");
    expect(await readdir(folder)).toEqual(["haproxy.cfg"]);
  });

  it("lets an instance know at once that a client has left a silent stream", async () => {
    let left = false;
    const backend = await startBackend((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      response.on("close", () => {
        left = true;
      });
    });
    const { url } = await startRouter([urlOf(backend)]);
    const controller = new AbortController();
    await fetch(url, { signal: controller.signal });
    expect(left).toBe(false);
    controller.abort();
    await vi.waitFor(() => expect(left).toBe(true), PATIENCE);
  });

  it("keeps the streams of an instance that stops being ready, and sends it nothing new", async () => {
    let ready = true;
    const draining = createServer((request, response) => {
      if (request.url === "/readyz") response.writeHead(ready ? 200 : 503).end();
      else response.writeHead(200, { "content-type": "text/event-stream" }).write("data: one\n\n");
      if (request.url === "/stream")
        setTimeout(() => response.write("data: two\n\n"), 1500).unref();
    }).listen(0, "127.0.0.1");
    backends.push(draining);
    await once(draining, "listening");
    const other = await startBackend((_, response) => void response.end("other"));
    const { url } = await startRouter([urlOf(draining), urlOf(other)], "none");
    let stream: Response;
    do stream = await fetch(`${url}/stream`);
    while (stream.headers.get("content-type") !== "text/event-stream");
    ready = false;
    await vi.waitFor(async () => {
      for (let i = 0; i < 4; i += 1) {
        const answer = await fetch(url, { signal: AbortSignal.timeout(500) });
        expect(await answer.text()).toBe("other");
      }
    }, PATIENCE);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    const seen: string[] = [];
    while (seen.length < 2) seen.push(Buffer.from((await reader.read()).value ?? []).toString());
    expect(seen).toEqual(["data: one\n\n", "data: two\n\n"]);
    await reader.cancel();
  });

  it("fails a request to an instance that has just gone at once, without trying another", async () => {
    const [other, going] = await Promise.all([startBackend(), startBackend()]);
    const { port } = going.address() as AddressInfo;
    const { url } = await startRouter([urlOf(going), urlOf(other)], "none");
    const statuses: number[] = [];
    // A check may be the first to notice. It cannot be so every time.
    for (let attempt = 0; attempt < 20 && !statuses.includes(503); attempt += 1) {
      going.closeAllConnections();
      await new Promise((resolve) => going.close(resolve));
      // In turn: one of the two goes to each.
      statuses.push((await fetch(url)).status, (await fetch(url)).status);
      going.listen(port, "127.0.0.1");
      await once(going, "request");
    }
    expect(statuses).toContain(503);
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
  });

  it("answers again after one good check", async () => {
    const backend = await startBackend();
    const { port } = backend.address() as AddressInfo;
    const { url } = await startRouter([urlOf(backend)]);
    expect((await fetch(url)).status).toBe(200);
    backend.closeAllConnections();
    backend.close();
    await vi.waitFor(async () => expect((await fetch(url)).status).toBe(503), PATIENCE);
    backend.listen(port, "127.0.0.1");
    await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200), PATIENCE);
  });

  it("reuses connections to an instance, and lets go of idle ones long before the instance would", async () => {
    const backend = await startBackend();
    let opened = 0;
    backend.on("connection", () => (opened += 1));
    const { url } = await startRouter([urlOf(backend)]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = opened;
    for (let i = 0; i < 20; i += 1) {
      const [answer] = (await once(get(url, { agent }), "response")) as [IncomingMessage];
      answer.resume();
      await once(answer, "end");
    }
    // Each check is one as well, so the requests are counted beside them: far fewer than twenty.
    expect(opened - before).toBeLessThan(10);
    agent.destroy();
    await vi.waitFor(async () => expect(await connectionsOf(backend)).toBe(0), PATIENCE);
  });

  // Other systems have no second address on their loopback.
  it.skipIf(process.platform !== "linux")(
    "finds an instance that comes back with another address, and takes it for healthy only " +
      "after a check",
    async () => {
      const names = await startNameServer();
      try {
        const first = await startBackend((_, response) => void response.end("first"), "127.0.0.2");
        const { port } = first.address() as AddressInfo;
        names.addresses.set("instance", "127.0.0.2");
        const { url } = await run(
          { servers: [{ name: "server-1", url: `http://instance:${port}` }], resolvesNames: true },
          (content) => content.replace("127.0.0.11:53", `127.0.0.1:${names.port}`),
        );
        await vi.waitFor(
          async () => expect(await (await fetch(url)).text()).toBe("first"),
          PATIENCE,
        );

        names.addresses.delete("instance");
        first.closeAllConnections();
        first.close();
        await vi.waitFor(async () => expect((await fetch(url)).status).toBe(503), PATIENCE);
        // Time for the router to hear more than once that the name is gone.
        const heard = names.answered();
        await vi.waitFor(() => expect(names.answered()).toBeGreaterThan(heard + 4), PATIENCE);

        let ready = false;
        const checks: boolean[] = [];
        const second = createServer((request, response) => {
          if (request.url === "/readyz") {
            checks.push(ready);
            response.writeHead(ready ? 200 : 503).end();
          } else response.end(ready ? "second" : "too early");
        }).listen(port, "127.0.0.3");
        backends.push(second);
        await once(second, "listening");
        names.addresses.set("instance", "127.0.0.3");
        const answers: string[] = [];
        await vi.waitFor(
          async () => {
            answers.push(await (await fetch(url)).text());
            expect(checks.filter((check) => !check).length).toBeGreaterThan(1);
          },
          { ...PATIENCE, interval: 1 },
        );
        expect(answers).not.toContain("too early");
        ready = true;
        await vi.waitFor(
          async () => expect(await (await fetch(url)).text()).toBe("second"),
          PATIENCE,
        );
      } finally {
        names.close();
      }
    },
  );
});
