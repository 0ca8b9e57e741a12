/** Stacks of real containers: their reports to the harness, and their clean-up. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { newStackRecord } from "../../../infra/stack/new-stack-record.ts";
import { recordArgs } from "../../../infra/stack/record-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { TOPOLOGIES, type Topology, type TopologyName } from "../../../infra/topologies.ts";
import { nowMs } from "../../../common/clock.ts";
import { PORT_TAKEN } from "../bring-up-attempts.ts";
import { bringUp } from "./bring-up.ts";
import { connectDocker } from "../../../infra/engine/docker-client.ts";
import type { DockerDeployment } from "./docker-deployment.ts";
import { dockerAvailability, dockerPlatform } from "./docker-platform.ts";
import { attach, findRunning } from "./running-stacks.ts";
import { STATE_FOLDER } from "./pulumi/pulumi-backend.ts";
import { listOwn } from "./remove-by-label.ts";

interface Told {
  what: string;
  atMs: number;
}

const NOBODY: (step: string) => void = () => undefined;

let folder: string;
let told: Told[];
const up: DockerDeployment[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-docker-"));
  told = [];
});
afterEach(async () => {
  await Promise.all(up.splice(0).map((one) => one.down()));
  rmSync(folder, { recursive: true, force: true });
});

const topologyOf = (name: TopologyName): Topology => TOPOLOGIES.find((one) => one.name === name)!;

const bring = async (
  name: TopologyName,
  { replicas = topologyOf(name).replicas, makeRecord = newStackRecord, onStep = NOBODY } = {},
): Promise<DockerDeployment> => {
  const tell =
    (...before: string[]) =>
    (...after: [...string[], number]): void => {
      const atMs = after.pop() as number;
      told.push({ what: [...before, ...after].join(" "), atMs });
    };
  const deployment = await bringUp(
    {
      topology: topologyOf(name),
      replicas,
      redis: "up",
      workDir: join(folder, `${name}-${up.length}`),
      onInstance: (instance, state, atMs) => tell()(instance, state, atMs),
      onComponentExit: (part, atMs) => tell("exit of")(part, atMs),
      onStep,
    },
    makeRecord,
  );
  up.push(deployment);
  return deployment;
};

/** What was told since the last call: of each instance in order, and no time of it out of order. */
const tellings = (of: string): string[] => {
  const own = told.filter(({ what }) => what.startsWith(`${of} `));
  for (const [index, { atMs }] of own.entries()) {
    expect(atMs).toBeGreaterThanOrEqual(own[index - 1]?.atMs ?? 0);
    expect(atMs).toBeLessThanOrEqual(nowMs());
  }
  return own.map(({ what }) => what.slice(of.length + 1));
};

const nothingLeft = async (deployment: DockerDeployment): Promise<void> => {
  const { docker } = await connectDocker();
  const { containers, networks, volumes } = await listOwn(docker, deployment.id);
  expect([...containers, ...networks, ...volumes]).toEqual([]);
  expect(stackRecords().read(deployment.id)).toBeUndefined();
  const files = readdirSync(STATE_FOLDER, { recursive: true }).map(String);
  expect(
    files.filter((file) => file.includes(deployment.id) && !file.startsWith(".pulumi/locks")),
  ).toEqual([]);
};

test("finds an engine and Pulumi, and says so", async () => {
  expect(await dockerAvailability()).toMatchObject({
    usable: true,
    reason: expect.stringMatching(/^Docker .* answers at/) as string,
  });
  expect(
    await dockerAvailability({ ...process.env, DOCKER_HOST: "unix:///nowhere.sock" }),
  ).toMatchObject({
    usable: false,
    reason: expect.stringMatching(
      /no Docker engine answers at unix:\/\/\/nowhere.sock \(from DOCKER_HOST\)/,
    ) as string,
  });
  expect(
    await dockerAvailability({ ...process.env, DOCKER_HOST: "tcp://192.0.2.1:2375" }),
  ).toMatchObject({
    usable: false,
    reason: expect.stringMatching(/is not on this host/) as string,
  });
  expect(dockerPlatform.bounceSeconds("rolling", 3)).toBeGreaterThan(
    dockerPlatform.bounceSeconds("rolling", 2),
  );
});

test("phase2: up, deploys, a crash and down, each reported as it happened", async () => {
  const { docker } = await connectDocker();
  const deployment = await bring("phase2");
  const { instances, control, pulumi } = deployment;
  expect(instances).toEqual(["server-1", "server-2", "server-3"]);
  for (const instance of instances) expect(tellings(instance)).toEqual(["started", "ready"]);
  expect(Object.keys(deployment.versions).sort()).toEqual([
    "docker",
    "node",
    "pulumi",
    "pulumi-docker",
    "traefik",
    "valkey",
  ]);
  for (const url of [deployment.url, ...Object.values(deployment.instanceUrls)]) {
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  }
  expect((await fetch(deployment.dashboardUrl)).status).toBe(200);
  for (const { Ports } of await docker.listContainers({ filters: { name: [deployment.id] } })) {
    expect(
      Ports.filter(({ IP }) => (IP as string | undefined) !== undefined && IP !== "127.0.0.1"),
    ).toEqual([]);
  }

  // What it has used: more with each reading, and never more than there is.
  const before = await deployment.usage();
  expect(before.map(({ part, role }) => `${part} ${role}`)).toEqual([
    ...instances.map((name) => `${name} server`),
    "traefik router",
    "valkey broker",
  ]);
  for (let request = 0; request < 300; request += 1)
    await (await fetch(`${deployment.url}/healthz`)).text();
  await vi.waitFor(
    async () => {
      for (const [index, after] of (await deployment.usage()).entries()) {
        const { cpuSeconds, receivedBytes = 0, incarnation, atMs } = before[index]!;
        expect(after.incarnation).toBe(incarnation);
        expect(after.atMs).toBeGreaterThan(atMs);
        expect(after.cpuSeconds).toBeGreaterThanOrEqual(cpuSeconds);
        if (after.role === "router") expect(after.cpuSeconds).toBeGreaterThan(cpuSeconds);
        if (after.role !== "broker")
          expect(after.receivedBytes).toBeGreaterThan(receivedBytes + 300 * 20);
        expect(after.memoryBytes).toBeGreaterThan(500_000);
        expect(after.memoryBytes).toBeLessThan(512 * 1024 * 1024);
      }
    },
    { timeout: 10_000 },
  );

  // Pulumi sees nothing to do, and a second up does nothing.
  const args = () => recordArgs(stackRecords().read(deployment.id)!);
  expect(await pulumi.preview(args())).toEqual({});
  expect(await pulumi.up(args())).toBe(0);

  told.length = 0;
  const replaced: Told[] = [];
  const onReplace = (instance: string, state: string, atMs: number): void =>
    void replaced.push({ what: `${instance} ${state}`, atMs });
  await control.deploy({ strategy: "rolling", graceMs: 10_000, onReplace });
  const order = [...replaced].sort((one, other) => one.atMs - other.atMs).map(({ what }) => what);
  // One after the other: the next one begins when the router sends traffic to the last.
  const first = order.filter((what) => what.endsWith("started")).map((what) => what.split(" ")[0]!);
  expect([...first].sort()).toEqual(instances);
  expect(order).toEqual(first.flatMap((name) => [`${name} started`, `${name} ended`]));
  for (const instance of instances) {
    expect(tellings(instance)).toEqual(["not-ready", "stopped", "started", "ready"]);
  }

  // Each deploy has its own grace. With none, no instance exits by itself.
  told.length = 0;
  replaced.length = 0;
  await control.deploy({ strategy: "recreate", graceMs: 0, onReplace });
  expect(replaced.map(({ what }) => what).sort()).toEqual(
    instances.flatMap((name) => [`${name} ended`, `${name} started`]),
  );
  for (const instance of instances) {
    expect(tellings(instance).filter((what) => what !== "not-ready")).toEqual([
      "killed",
      "started",
      "ready",
    ]);
  }

  told.length = 0;
  await control.kill("server-2");
  await expect(control.kill("server-2")).rejects.toThrow(
    "server-2 was not running: the bounce would disturb nothing",
  );
  await vi.waitFor(() => expect(tellings("server-2")).toEqual(["killed"]));
  await control.start("server-2");
  await control.start("server-2");
  expect(tellings("server-2")).toEqual(["killed", "started", "ready"]);
  expect(tellings("server-1")).toEqual([]);
  expect(await pulumi.preview(args())).toEqual({});
  await expect(control.kill("server-4")).rejects.toThrow(
    /no instance "server-4".*server-1, server-2, server-3/,
  );

  // A deploy brings back what was down, and is no deploy of it.
  await control.kill("server-2");
  replaced.length = 0;
  await expect(control.deploy({ strategy: "recreate", graceMs: 0, onReplace })).rejects.toThrow(
    "server-2 was not running when its replacement began: the bounce disturbed nothing of it",
  );
  expect(
    replaced.filter(({ what }) => what.endsWith("ended")).map(({ what }) => what),
  ).not.toContain("server-2 ended");
  expect((await fetch(`${deployment.instanceUrls["server-2"]!}/readyz`)).status).toBe(200);

  // Four revisions each, and a restart.
  const ledgers = await deployment.ledgers();
  expect(ledgers.filter(({ instance }) => instance === "server-1")).toHaveLength(4);
  expect(ledgers.filter(({ instance }) => instance === "server-2")).toHaveLength(5);
  for (const { path, instance } of ledgers) {
    expect(JSON.parse((await readFile(path, "utf8")).split("\n")[0]!)).toMatchObject({
      kind: "boot",
      instance,
      broadcaster: "redis",
    });
  }

  const beforeExitMs = nowMs();
  await docker.getContainer(`${deployment.id}-valkey`).kill();
  await vi.waitFor(() => expect(tellings("exit of")).toEqual(["valkey"]));
  expect(told.at(-1)!.atMs).toBeGreaterThan(beforeExitMs - 5);

  told.length = 0;
  await deployment.down();
  await deployment.down();
  expect(told).toEqual([]);
  await nothingLeft(deployment);
  expect(existsSync(join(folder, "phase2-0"))).toBe(false);
});

test("phase3: only an unexpected exit of Realtime is reported, not an outage", async () => {
  const { docker } = await connectDocker();
  const deployment = await bring("phase3", { replicas: 1 });
  const { realtime, pulumi } = deployment;
  const port = stackRecords().read(deployment.id)!.ports.realtime!;
  expect(realtime).toMatchObject({
    name: "realtime-standin",
    standIn: true,
    url: `ws://realtime.localhost:${port}/socket`,
  });
  expect(Object.keys(deployment.versions)).toContain("realtime-standin");
  // Without an event log there is no broker beside it.
  expect((await deployment.usage()).map(({ part, role }) => `${part} ${role}`)).toEqual([
    "server-1 server",
    "traefik router",
    "realtime-standin broker",
  ]);
  const health = (): Promise<Response> => fetch(`http://127.0.0.1:${port}/healthcheck`);
  const container = docker.getContainer(`${deployment.id}-realtime-standin`);
  const { Id } = await container.inspect();
  const outage = async (): Promise<void> => {
    await realtime!.control!.kill();
    await expect(health()).rejects.toThrow("fetch failed");
    await expect(realtime!.control!.kill()).rejects.toThrow("realtime-standin was not running");
    await realtime!.control!.start();
    await realtime!.control!.start();
    expect((await health()).status).toBe(200);
  };
  await outage();
  await outage();
  expect((await container.inspect()).Id).toBe(Id);
  expect(await pulumi.preview(recordArgs(stackRecords().read(deployment.id)!))).toEqual({});
  expect(tellings("exit of")).toEqual([]);
  await container.kill();
  await vi.waitFor(() => expect(tellings("exit of")).toEqual(["realtime-standin"]));

  // Another command's hands: the same parts by the record alone.
  await realtime!.control!.start();
  await deployment.detach();
  const [running] = (await findRunning()).filter(({ id }) => id === deployment.id);
  expect(running?.realtime).toEqual({
    name: "realtime-standin",
    standIn: true,
    url: realtime!.url,
  });
  const attached = await attach(deployment.id, {});
  up.splice(0, 1, attached);
  await attached.realtime!.control!.kill();
  await attached.down();
  await nothingLeft(attached);
});

test("two stacks side by side, one after its port was taken, do not mix their reports", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const { port } = squatter.address() as { port: number };
  const steps: string[] = [];
  let records = 0;
  const makeRecord: typeof newStackRecord = async (given) => {
    const record = await newStackRecord(given);
    records += 1;
    return records === 1 ? { ...record, ports: { ...record.ports, router: port } } : record;
  };
  const [one, other] = await Promise.all([
    bring("phase0", { makeRecord, onStep: (step) => steps.push(step) }),
    bring("phase1-header", { replicas: 1 }),
  ]);
  squatter.close();
  expect(records).toBe(2);
  expect(steps).toContain(PORT_TAKEN);
  // Nothing of the attempt that failed is told.
  expect(told.map(({ what }) => what).sort()).toEqual(
    [...["ready", "ready"], ...["started", "started"]].map((state) => `server-1 ${state}`),
  );
  expect(other.versions).toHaveProperty("haproxy");
  told.length = 0;
  await one.control.kill("server-1");
  await vi.waitFor(() => expect(told.map(({ what }) => what)).toEqual(["server-1 killed"]));
  await one.down();
  await nothingLeft(one);
  expect((await fetch(`${other.url}/readyz`)).status).toBe(200);
  expect(told.map(({ what }) => what)).toEqual(["server-1 killed"]);
});

test("a stack that does not come up says why, with the log, and leaves nothing", async () => {
  const { docker } = await connectDocker();
  let broken = "";
  let stack = "";
  const makeRecord: typeof newStackRecord = async (given) => {
    // The server's image, health check and all, with a program that ends at once.
    const { Config } = await docker.getImage(given.images.server).inspect();
    const [node = ""] = [Config.Entrypoint ?? Config.Cmd].flat();
    const ends = JSON.stringify([node, "-e", "console.error('no server today'); process.exit(3)"]);
    const container = await docker.createContainer({ Image: given.images.server });
    const changes = `ENTRYPOINT ${ends}\nCMD []\nLABEL sse-lab.image=test`;
    broken = ((await container.commit({ changes })) as { Id: string }).Id;
    await container.remove();
    const record = await newStackRecord(given);
    stack = record.stack;
    return { ...record, images: { ...record.images, server: broken } };
  };
  try {
    await expect(bring("phase0", { makeRecord })).rejects.toThrow(
      /bringing up phase0-\w+ failed: [^]*last log lines of .*server-1:\nno server today/,
    );
    await nothingLeft({ id: stack } as DockerDeployment);
  } finally {
    await docker.getImage(broken).remove({ force: true });
  }
});

test.skipIf(process.getuid?.() !== 0)(
  "a nearly full disk is an error before anything exists",
  async () => {
    const small = join(folder, "small");
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", small]);
    try {
      const options = {
        topology: topologyOf("phase0"),
        replicas: 1,
        redis: "up" as const,
        workDir: join(small, "work"),
      };
      await expect(dockerPlatform.up(options)).rejects.toThrow(
        /the disk of the work folder .* is nearly full: \d MiB are left/,
      );
    } finally {
      execFileSync("umount", [small]);
    }
  },
);

test("a stack of the same name in another checkout is an error before anything exists", async () => {
  const { docker } = await connectDocker();
  const stack = `foreign-${process.pid}`;
  const Labels = { "sse-lab.stack": stack, "sse-lab.checkout": "elsewhere" };
  await docker.createVolume({ Name: `${stack}-router-config`, Labels });
  try {
    const options = {
      topology: topologyOf("phase0"),
      name: stack,
      replicas: 1,
      redis: "up" as const,
      workDir: join(folder, "work"),
    };
    await expect(dockerPlatform.up(options)).rejects.toThrow(
      `another checkout of the lab (elsewhere) has a stack ${stack} in this engine: ` +
        `${stack}-router-config. Fix: take it down there`,
    );
    expect(stackRecords().read(stack)).toBeUndefined();
  } finally {
    await docker.getVolume(`${stack}-router-config`).remove();
  }
});

test("an abort during an up ends it, and nothing is left", async () => {
  const abort = new AbortController();
  let stack = "";
  const options = {
    topology: topologyOf("phase0"),
    replicas: 1,
    redis: "up" as const,
    workDir: join(folder, "aborted"),
    signal: abort.signal,
    onStep: (step: string): void => {
      stack = /^pulumi up: (.+)$/.exec(step)?.[1] ?? stack;
      if (step === "server-1: creating") abort.abort(new Error("interrupted"));
    },
  };
  await expect(dockerPlatform.up(options)).rejects.toThrow("interrupted");
  await nothingLeft({ id: stack } as DockerDeployment);
});
