import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { get } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { routerConfig } from "../../routers/router-config.ts";
import { IMAGE_PORTS } from "../../images/pinned-images.ts";
import {
  DEFAULT_REALTIME_SETTINGS,
  type RealtimeSettings,
} from "../../realtime/realtime-settings.ts";
import { TOPOLOGIES } from "../../topologies.ts";
import { connectDocker } from "../../engine/docker-client.ts";
import type { PreparedImages } from "../../images/prepared-image.ts";
import { prepareImages } from "../../images/prepare-images.ts";
import {
  addressOf,
  labContainers,
  logsOf,
  untilAnswers,
  untilHealthy,
} from "../../images/test-support/lab-containers.ts";

const { docker } = await connectDocker();
const containers = labContainers(docker);
// The suite's set-up chooses the stand-in for all its tests; here it is to be found out.
const env = { ...process.env, SSE_LAB_IMAGES: "assembled", SSE_LAB_REALTIME: undefined };
const serverEnv = { SESSION_SECRET: "0123456789abcdef0123456789abcdef", DRAIN_NOTICE_MS: "50" };

let images: Required<Omit<PreparedImages, "realtime" | "postgres">>;
beforeAll(async () => {
  images = (await prepareImages({ topologies: TOPOLOGIES, env })) as typeof images;
});
afterEach(() => containers.removeAll());

test("every image is assembled, carries its version and runs as a user that isn't root", async () => {
  expect(Object.keys(images).sort()).toEqual([
    "haproxy",
    "realtime-standin",
    "server",
    "traefik",
    "valkey",
  ]);
  for (const [part, image] of Object.entries(images)) {
    expect(image).toMatchObject({
      source: "assembled",
      version: expect.stringMatching(/^\d+\.\d+/) as string,
    });
    const { Id, Config } = await docker.getImage(image.id).inspect();
    expect(Id).toBe(image.id);
    expect(Config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(Config.Labels).toMatchObject({ "sse-lab.image": part, "sse-lab.source": "assembled" });
  }
});

describe("server", () => {
  test(
    "serves, is healthy, writes its ledger into a folder of the host, drains on SIGTERM with " +
      "exit code 0",
    async () => {
      const ledgers = await mkdtemp(join(tmpdir(), "sse-lab-ledger-"));
      try {
        await chmod(ledgers, 0o777);
        const container = await containers.run(images.server.id, {
          env: { ...serverEnv, INSTANCE: "server-1", LEDGER_DIR: "/ledger" },
          binds: [`${ledgers}:/ledger`],
          ports: [IMAGE_PORTS.server.http],
        });
        const url = `http://${await addressOf(container, IMAGE_PORTS.server.http)}`;
        expect(await untilAnswers(`${url}/readyz`)).toContain('"instance":"server-1"');
        await untilHealthy(container);

        const created = await fetch(`${url}/api/sessions`, { method: "POST" });
        const { sessionId, token } = (await created.json()) as { sessionId: string; token: string };
        const plan = { events: 3, eventsPerSecond: 50, gates: 0, payloadBytes: 10, seed: 1 };
        const started = await fetch(`${url}/api/sessions/${sessionId}/pipeline?token=${token}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(plan),
        });
        expect(started.ok).toBe(true);

        await container.kill({ signal: "SIGTERM" });
        const { StatusCode } = (await container.wait()) as { StatusCode: number };
        expect(StatusCode, await logsOf(docker, container)).toBe(0);
        const files = await readdir(ledgers);
        expect(files).toHaveLength(1);
        expect(await readFile(join(ledgers, files[0]!), "utf8")).toContain(sessionId);
      } finally {
        await rm(ledgers, { recursive: true, force: true });
      }
    },
  );

  test("is unhealthy as soon as it drains, so that nothing waits for a server that is going", async () => {
    const container = await containers.run(images.server.id, {
      env: { ...serverEnv, DRAIN_NOTICE_MS: "20000" },
    });
    await untilHealthy(container);
    await container.kill({ signal: "SIGTERM" });
    const check = await container.exec({
      Cmd: ["bash", "/app/ready.bash"],
      AttachStdout: true,
      AttachStderr: true,
    });
    const ended = await check.start({});
    await new Promise((resolve) => ended.on("end", resolve).resume());
    expect((await check.inspect()).ExitCode).toBe(1);
  });

  test("says what is wrong with its environment and ends", async () => {
    const container = await containers.run(images.server.id, { env: { SESSION_SECRET: "short" } });
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    expect(StatusCode).toBe(2);
    expect(await logsOf(docker, container)).toContain("SESSION_SECRET");
  });
});

test.each(["traefik", "haproxy"] as const)(
  "%s reads its files from a volume and finds a server by its container's name",
  async (router) => {
    const network = await containers.network();
    const name = `${network}-server`;
    await containers.run(images.server.id, {
      name,
      env: { ...serverEnv, INSTANCE: "server-1" },
      network,
    });
    const { web, ops } = IMAGE_PORTS[router];
    const files = routerConfig(router, "/config", {
      webAddress: `0.0.0.0:${web}`,
      opsAddress: `0.0.0.0:${ops}`,
      servers: [{ name: "server-1", url: `http://${name}:${IMAGE_PORTS.server.http}` }],
      affinity: "none",
      resolvesNames: true,
    });
    const source = await containers.volume(
      images[router].id,
      Object.fromEntries(files.map(({ path, content }) => [path.replace("/config/", ""), content])),
    );
    const container = await containers.run(images[router].id, {
      command: router === "traefik" ? [`--configFile=${files[0].path}`] : ["-f", files[0].path],
      mounts: [{ Type: "volume", Source: source, Target: "/config", ReadOnly: true }],
      network,
      ports: [web, ops],
    });
    if (router === "traefik") await untilAnswers(`http://${await addressOf(container, ops)}/ping`);
    else await untilAnswers(`http://${await addressOf(container, ops)}/;csv`);
    const body = await untilAnswers(`http://${await addressOf(container, web)}/readyz`);
    expect(body).toContain('"instance":"server-1"');
  },
);

test("valkey answers a PING", async () => {
  const { redis } = IMAGE_PORTS.valkey;
  const container = await containers.run(images.valkey.id, {
    command: ["--save", "", "--appendonly", "no", "--protected-mode", "no"],
    ports: [redis],
  });
  const [host, port] = (await addressOf(container, redis)).split(":");
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), host).setEncoding("utf8");
      socket.on("connect", () => socket.write("PING\r\n"));
      socket.on("data", (answer) => {
        resolve(String(answer));
        socket.destroy();
      });
      socket.on("error", reject).on("close", () => reject(new Error("closed")));
    });
  await expect.poll(() => ask().catch(String), { timeout: 30_000 }).toBe("+PONG\r\n");
});

describe("realtime-standin", () => {
  const environment = {
    API_JWT_SECRET: "0123456789abcdef0123456789abcdef",
    SELF_HOST_TENANT_NAME: "realtime",
  };

  test("answers, is healthy, knows its tenant by the host name, and ends well on SIGTERM", async () => {
    const port = IMAGE_PORTS["realtime-standin"].http;
    const container = await containers.run(images["realtime-standin"].id, {
      env: environment,
      ports: [port],
    });
    const address = await addressOf(container, port);
    expect(await untilAnswers(`http://${address}/healthcheck`)).toBe("ok");
    await untilHealthy(container);
    const ping = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get(`http://${address}/api/ping`, { headers: { host } }, (answer) => {
          resolve(answer.resume().statusCode);
        }).on("error", reject);
      });
    expect(await ping("realtime.localhost:4000")).toBe(200);
    expect(await ping("other.localhost:4000")).toBe(401);
    await container.kill({ signal: "SIGTERM" });
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    expect(StatusCode, await logsOf(docker, container)).toBe(0);
  });

  test("says what is wrong with its environment and ends", async () => {
    const container = await containers.run(images["realtime-standin"].id, {
      env: { API_JWT_SECRET: "short" },
    });
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    expect(StatusCode).toBe(2);
    expect(await logsOf(docker, container)).toContain("API_JWT_SECRET");
  });

  test("is said to be one, and why it is taken", () => {
    expect(images["realtime-standin"].how).toMatch(
      /it stands in for Supabase Realtime, since SSE_LAB_IMAGES=assembled, and Supabase's cannot be/,
    );
  });
});

test("a second call makes nothing and finds the same images", async () => {
  const steps: string[] = [];
  const again = await prepareImages({
    topologies: TOPOLOGIES,
    env,
    onStep: (step) => steps.push(step),
  });
  expect(again).toEqual(images);
  expect(steps).toEqual([
    expect.stringMatching(/^realtime-standin stands in for Supabase Realtime, since /),
  ]);
});

test(
  "the real Realtime is taken where it is asked for and both of its images are there, and " +
    "never by halves",
  async () => {
    const topologies = TOPOLOGIES.filter(({ name }) => name === "phase3");
    const own = {
      ...env,
      SSE_LAB_REALTIME_IMAGE: images.server.id,
      SSE_LAB_POSTGRES_IMAGE: images.valkey.id,
    };
    const real = await prepareImages({ topologies, env: own });
    expect(real).not.toHaveProperty("realtime-standin");
    expect(real).toMatchObject({
      realtime: { id: images.server.id, source: "setting" },
      postgres: { id: images.valkey.id, source: "setting" },
    });
    const chosen = await prepareImages({
      topologies,
      env: { ...own, SSE_LAB_REALTIME: "standin" },
    });
    expect(chosen).not.toHaveProperty("realtime");
    expect(chosen["realtime-standin"]?.how).toContain("as SSE_LAB_REALTIME=standin says");
    for (const half of [
      { SSE_LAB_REALTIME: "real" },
      { SSE_LAB_REALTIME_IMAGE: images.server.id },
    ]) {
      await expect(prepareImages({ topologies, env: { ...env, ...half } })).rejects.toThrow(
        /the settings ask for the real Realtime, .* and .*postgres:15\.\S+ cannot be assembled. Fix: set SSE_LAB_IMAGES=auto/,
      );
    }
  },
);

test("only what the topologies need is prepared", async () => {
  const header = TOPOLOGIES.filter(({ name }) => name === "phase1-header");
  expect(Object.keys(await prepareImages({ topologies: header, env }))).toEqual([
    "server",
    "haproxy",
  ]);
  const phase3 = TOPOLOGIES.filter(({ name }) => name === "phase3");
  const of = async (realtime: RealtimeSettings): Promise<string[]> =>
    Object.keys(await prepareImages({ topologies: phase3, realtime, env })).slice(2);
  const hosted = { url: "https://abc.supabase.co/realtime/v1", serviceKey: "k", jwtSecret: "j" };
  expect(await of(DEFAULT_REALTIME_SETTINGS)).toEqual(["realtime-standin"]);
  expect(await of({ ...DEFAULT_REALTIME_SETTINGS, catchUp: true })).toEqual([
    "valkey",
    "realtime-standin",
  ]);
  expect(await of({ ...DEFAULT_REALTIME_SETTINGS, hosted })).toEqual([]);
});
