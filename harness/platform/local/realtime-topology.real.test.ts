import { readFile, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { STAND_IN } from "../../../infra/realtime/realtime-names.ts";
import { freePort } from "../../../common/free-port.ts";
import type { LocalDeployment } from "./local-deployment.ts";
import { processesOf, createTestLab, type TestLab } from "./test-support/test-lab.ts";
import { listeningSockets } from "./test-support/listening-sockets.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(() => lab.close());

const stateSchema = z.object({
  processes: z.array(
    z.object({ spec: z.object({ name: z.string(), env: z.record(z.string(), z.string()) }) }),
  ),
});

/** Environment that a part was started with, as the state file has it. */
const environmentOf = async (
  { id }: LocalDeployment,
  part: string,
): Promise<Record<string, string>> => {
  const text = await readFile(join(lab.stateDir, `${id}.json`), "utf8");
  const { processes } = stateSchema.parse(JSON.parse(text));
  return processes.find(({ spec }) => spec.name === part)?.spec.env ?? {};
};

const httpUrl = ({ realtime }: LocalDeployment): string =>
  (realtime?.url ?? "").replace(/^ws/, "http").replace(/\/socket$/, "");

/** Pid of the stand-in, as the process table has it. */
const standInPid = ({ workDir }: LocalDeployment): number =>
  Number.parseInt(processesOf(workDir).find((line) => line.includes(STAND_IN)) ?? "", 10);

test("phase3 starts the stand-in, names it, and gives every server its address", async () => {
  const deployment = await lab.up("phase3", { replicas: 2 });
  expect(deployment.realtime).toMatchObject({
    name: "realtime-standin",
    standIn: true,
    url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/socket$/) as string,
  });
  expect(deployment.versions).toHaveProperty(STAND_IN);
  expect(deployment.versions).not.toHaveProperty("valkey");
  // Healthy before the first server is started: a server looks for it at its own start.
  const started = lab.steps.filter((step) => step.startsWith("starting "));
  expect(started[0]).toBe(`starting ${STAND_IN}`);
  for (const host of ["127.0.0.1", "localhost", "realtime.localhost"]) {
    const { port } = new URL(deployment.realtime?.url ?? "");
    const answer = await askHost(Number(port), host);
    expect(answer).toBe(200);
  }
  const server = await environmentOf(deployment, "server-2");
  expect(server).toMatchObject({
    FF_SUPABASE_SSE_BROADCAST: "true",
    REALTIME_URL: `${httpUrl(deployment)}/socket`,
    REALTIME_PUBLISH: "http",
  });
  expect(server).not.toHaveProperty("REDIS_URL");
  const { API_JWT_SECRET: secret } = await environmentOf(deployment, STAND_IN);
  expect(server["REALTIME_JWT_SECRET"]).toBe(secret);
  const usage = await deployment.usage();
  expect(usage.map(({ part, role }) => `${role} ${part}`)).toContain(`broker ${STAND_IN}`);
  if (process.platform === "linux") {
    const pids = processesOf(deployment.workDir).map((line) => Number.parseInt(line, 10));
    const open = listeningSockets(pids).filter((socket) => !socket.startsWith("127.0.0.1:"));
    expect(open).toEqual([]);
  }
});

/** `/api/ping` is answered with 200 for a host name of the tenant only. */
const askHost = (port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(
      { host: "127.0.0.1", port, path: "/api/ping", headers: { host }, agent: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    ).once("error", reject);
  });

test("a plan's limits reach the stand-in, and an event log brings Valkey along", async () => {
  const deployment = await lab.up("phase3", {
    replicas: 1,
    realtime: { plan: "free", publish: "websocket", catchUp: true },
  });
  expect(await environmentOf(deployment, STAND_IN)).toMatchObject({
    TENANT_MAX_CONCURRENT_USERS: "200",
    TENANT_MAX_EVENTS_PER_SECOND: "100",
    TENANT_MAX_JOINS_PER_SECOND: "100",
    TENANT_MAX_CHANNELS_PER_CLIENT: "100",
  });
  const answer = await fetch(`${httpUrl(deployment)}/api/ping`);
  expect(answer.headers.get("x-rate-limit")).toBe("100");
  expect(deployment.versions).toHaveProperty("valkey");
  expect(await environmentOf(deployment, "server-1")).toMatchObject({
    REALTIME_PUBLISH: "websocket",
    FF_SSE_EVENT_LOG: "true",
    REDIS_URL: expect.stringMatching(/^redis:/) as string,
  });
});

test("a requested outage of Realtime is not reported, and its address stays", async () => {
  const exits: string[] = [];
  const deployment = await lab.up("phase3", {
    replicas: 1,
    onComponentExit: (part) => void exits.push(part),
  });
  const control = deployment.realtime?.control;
  const before = standInPid(deployment);
  await control?.start();
  expect(standInPid(deployment)).toBe(before);
  await control?.kill();
  await expect(fetch(`${httpUrl(deployment)}/healthcheck`)).rejects.toThrow("fetch failed");
  await expect(control?.kill()).rejects.toThrow(
    `${STAND_IN} was not running: the bounce would disturb nothing`,
  );
  await control?.start();
  expect((await fetch(`${httpUrl(deployment)}/healthcheck`)).status).toBe(200);
  expect(standInPid(deployment)).not.toBe(before);
  expect(exits).toEqual([]);

  process.kill(standInPid(deployment), "SIGKILL");
  await vi.waitFor(() => expect(exits).toEqual([STAND_IN]));
  await deployment.down();
  expect(processesOf(deployment.workDir)).toEqual([]);
  expect(lab.stateFiles()).toEqual([]);
});

test("a hosted Realtime needs no process, has no control, and gives the servers its keys", async () => {
  const hosted = {
    url: "http://127.0.0.1:9/socket",
    serviceKey: "service-key",
    jwtSecret: "a-secret-of-thirty-two-characters",
  };
  const deployment = await lab.up("phase3", {
    replicas: 1,
    realtime: { plan: "pro", publish: "http", catchUp: false, hosted },
  });
  expect(deployment.realtime).toEqual({
    name: "realtime",
    standIn: false,
    url: "ws://127.0.0.1:9/socket",
  });
  expect(deployment.versions).not.toHaveProperty(STAND_IN);
  expect(standInPid(deployment)).toBeNaN();
  expect(await environmentOf(deployment, "server-1")).toMatchObject({
    REALTIME_URL: hosted.url,
    REALTIME_KEY: hosted.serviceKey,
    REALTIME_JWT_SECRET: hosted.jwtSecret,
  });
});

test("a stand-in is named as one also where somebody else started it", async () => {
  const other = await lab.up("phase3", { replicas: 1 });
  const { REALTIME_URL, REALTIME_KEY, REALTIME_JWT_SECRET } = await environmentOf(
    other,
    "server-1",
  );
  const hosted = {
    url: REALTIME_URL ?? "",
    serviceKey: REALTIME_KEY ?? "",
    jwtSecret: REALTIME_JWT_SECRET ?? "",
  };
  const { realtime } = await lab.up("phase3", {
    replicas: 1,
    realtime: { plan: "pro", publish: "http", catchUp: false, hosted },
  });
  // Named, and yet not its own to disturb.
  expect(realtime).toEqual({ name: STAND_IN, standIn: true, url: other.realtime?.url });
});

test("a taken port of the stand-in is replaced, and all servers get the new one", async () => {
  const occupied = createServer();
  await new Promise<void>((resolve) => occupied.listen(0, "127.0.0.1", resolve));
  const { port: taken } = occupied.address() as AddressInfo;
  let asked = 0;
  // Router, its API, broker, then Realtime.
  const choosePort = (): Promise<number> =>
    (asked += 1) === 4 ? Promise.resolve(taken) : freePort();
  try {
    const deployment = await lab.up("phase3", { replicas: 1 }, { choosePort });
    expect(lab.steps.filter((step) => step.includes("starting over"))).toHaveLength(1);
    expect(deployment.realtime?.url).not.toContain(`:${taken}/`);
    expect(await environmentOf(deployment, "server-1")).toMatchObject({
      REALTIME_URL: `${httpUrl(deployment)}/socket`,
    });
  } finally {
    occupied.close();
  }
});

test("a stand-in that does not start is an error with its log, and nothing is left", async () => {
  const workDir = lab.workDir("dying");
  const buildStandIn = (outFile: string): Promise<void> =>
    writeFile(outFile, `throw new Error("no room");`);
  const up = lab.up("phase3", { workDir, replicas: 1 }, { buildStandIn });
  await expect(up).rejects.toThrow(/realtime-standin exited meanwhile[^]*no room/);
  expect(processesOf(workDir)).toEqual([]);
  expect(lab.stateFiles()).toEqual([]);
});
