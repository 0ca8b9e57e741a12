import { beforeAll, describe, expect, it } from "vitest";
import { StackArgsError } from "./check-stack-args.ts";
import { stackProgram } from "./program.ts";
import { serverSettings } from "./server-settings.ts";
import type { StackOutputs } from "./stack-args.ts";
import { resolveOutputs, runRecorded, type RecordedResource } from "./test-support/recording-mocks.ts";
import { stackArgs } from "./test-support/stack-args.ts";
import { TOPOLOGIES, type Topology } from "./topologies.ts";

interface Ran {
  topology: Topology;
  resources: RecordedResource[];
  outputs: StackOutputs;
}

const run = async (topology: Topology, change: Parameters<typeof stackArgs>[1] = {}): Promise<Ran> => {
  const args = stackArgs(topology, change);
  const { resources, result } = await runRecorded(() =>
    stackProgram(args, { dockerHost: "unix:///run/engine.sock" })().then(resolveOutputs<StackOutputs>),
  );
  return { topology, resources, outputs: result };
};

const ofType = (resources: readonly RecordedResource[], type: string) =>
  resources.filter((resource) => resource.type === type);
const containersOf = (resources: readonly RecordedResource[]) =>
  ofType(resources, "docker:index/container:Container");
const named = (resources: readonly RecordedResource[], name: string): Record<string, unknown> =>
  containersOf(resources).find((one) => one.name === name)!.inputs;
const labelsOf = ({ inputs }: RecordedResource): Record<string, string> =>
  Object.fromEntries(
    (inputs["labels"] as { label: string; value: string }[]).map(({ label, value }) => [label, value]),
  );

describe.each(TOPOLOGIES as readonly Topology[])("$name", (topology) => {
  let ran: Ran;
  beforeAll(async () => {
    ran = await run(topology);
  });
  const servers = Array.from({ length: topology.replicas }, (_, index) => `server-${index + 1}`);
  const { router } = topology;
  const hasBroker = topology.broadcaster === "redis";

  it("makes these resources and no others", () => {
    const made = ran.resources.map(({ type, name }) => `${type} ${name}`).sort();
    const routerComponent = router === "haproxy" ? "HaproxyRouter" : "TraefikRouter";
    expect(made).toEqual(
      [
        "pulumi:providers:docker docker",
        "sse-scaling-lab:index:StackNetwork network",
        "docker:index/network:Network network",
        "sse-scaling-lab:index:ServerFleet servers",
        ...servers.map((server) => `docker:index/container:Container ${server}`),
        `sse-scaling-lab:index:${routerComponent} ${router}`,
        `sse-scaling-lab:index:ConfigVolume ${router}-config`,
        `docker:index/volume:Volume ${router}-config`,
        `docker:index/container:Container ${router}-config-carrier`,
        `docker:index/container:Container ${router}`,
        ...(hasBroker
          ? ["sse-scaling-lab:index:Valkey valkey", "docker:index/container:Container valkey"]
          : []),
      ].sort(),
    );
  });

  it("confines every container that runs", () => {
    const running = containersOf(ran.resources).filter(({ inputs }) => inputs["start"] !== false);
    expect(running).toHaveLength(servers.length + 1 + (hasBroker ? 1 : 0));
    for (const { name, inputs } of running) {
      expect.soft(inputs, name).toMatchObject({
        readOnly: true,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        ulimits: [{ name: "nproc" }],
        restart: "no",
        mustRun: true,
        logDriver: "json-file",
        logOpts: { "max-size": "10m", "max-file": "3" },
      });
      expect.soft(inputs["memory"], name).toBeGreaterThan(0);
      expect.soft(inputs["memorySwap"], name).toBe(inputs["memory"]);
      expect.soft(inputs["tmpfs"], name).toHaveProperty("/tmp");
      expect.soft(inputs["user"], name).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect.soft(inputs["privileged"], name).toBeUndefined();
    }
    expect(new Set(running.map(({ inputs }) => inputs["user"])).size).toBe(running.length);
  });

  it("publishes to this host alone, the ports that were given", () => {
    const published = containersOf(ran.resources).flatMap(
      ({ inputs }) => (inputs["ports"] as { ip: string; external: number }[] | undefined) ?? [],
    );
    expect(new Set(published.map(({ ip }) => ip))).toEqual(new Set(["127.0.0.1"]));
    expect(published.map(({ external }) => external).sort()).toEqual(
      [20_000, 20_001, ...servers.map((_, index) => 20_010 + index)].sort(),
    );
  });

  it("gives everything in the engine the stack's labels", () => {
    const own = ran.resources.filter(({ type }) => type.startsWith("docker:"));
    for (const resource of own) {
      expect.soft(labelsOf(resource)).toMatchObject({ "sse-lab.stack": "lab", "sse-lab.checkout": "c0ffee" });
      expect.soft(Object.keys(labelsOf(resource))).toEqual(Object.keys(labelsOf(resource)).sort());
    }
    const roles = own.map(
      (resource) => `${labelsOf(resource)["sse-lab.role"]} ${labelsOf(resource)["sse-lab.instance"]}`,
    );
    expect(new Set(roles)).toEqual(
      new Set([
        "network network",
        ...servers.map((server) => `server ${server}`),
        "router-config router-config",
        `router ${router}`,
        ...(hasBroker ? ["broker valkey"] : []),
      ]),
    );
  });

  it("starts each server with its settings, its own name, and the key of the tokens as a secret", () => {
    for (const server of servers) {
      const inputs = named(ran.resources, server);
      // One secret makes the whole list one.
      const { secret: envs } = inputs["envs"] as { secret: string[] };
      expect
        .soft(envs)
        .toEqual(
          expect.arrayContaining([
            ...Object.entries(serverSettings).map(([key, value]) => `${key}=${value}`),
            "HOST=0.0.0.0",
            "PORT=3000",
            `INSTANCE=${server}`,
            "REVISION=r7",
            "LEDGER_DIR=/ledger",
            `SESSION_SECRET=${"s".repeat(40)}`,
          ]),
        );
      expect
        .soft(envs.filter((one) => /^(REDIS_URL|FF_REDIS)/.test(one)))
        .toEqual(hasBroker ? ["REDIS_URL=redis://valkey:6379", "FF_REDIS_SSE_BROADCAST=true"] : []);
      expect.soft(inputs).toMatchObject({
        name: `lab-${server}`,
        networksAdvanced: [{ name: "lab-network", aliases: [server] }],
        mounts: [{ type: "bind", source: "/var/ledgers", target: "/ledger" }],
        wait: true,
        destroyGraceSeconds: 0,
      });
    }
    const others = ran.resources.filter(({ name }) => !name.startsWith("server-"));
    expect(JSON.stringify(others)).not.toContain("s".repeat(40));
  });

  it("hands the router its files by a volume that it cannot write", () => {
    const carrier = named(ran.resources, `${router}-config-carrier`);
    const reader = named(ran.resources, router);
    const uploads = carrier["uploads"] as { file: string; content: string }[];
    expect(carrier).toMatchObject({ start: false, mustRun: false, networkMode: "none" });
    expect(reader["mounts"]).toEqual([
      { type: "volume", source: "lab-router-config", target: "/config", readOnly: true },
    ]);
    expect((reader["command"] as string[]).join(" ")).toContain(uploads[0]!.file);
    const text = uploads.map(({ content }) => content).join("\n");
    for (const server of servers) expect(text).toContain(`${server}:3000`);
    expect(text.includes("sticky")).toBe(topology.affinity === "cookie");
    expect(text.includes("hdr(X-Session-ID)")).toBe(topology.affinity === "header");
  });

  it("exports the shape that every topology exports", () => {
    expect(ran.outputs).toEqual({
      topology: topology.name,
      url: "http://127.0.0.1:20000",
      dashboardUrl: `http://127.0.0.1:20001${router === "traefik" ? "/dashboard/" : "/"}`,
      revision: "r7",
      router: { kind: router, container: `lab-${router}` },
      broker: hasBroker ? { kind: "valkey", container: "lab-valkey" } : null,
      instances: servers.map((name, index) => ({
        name,
        container: `lab-${name}`,
        url: `http://127.0.0.1:${20_010 + index}`,
      })),
    });
  });
});

describe("stackProgram", () => {
  const phase2 = TOPOLOGIES.find(({ name }) => name === "phase2")!;

  it("talks to the engine that it is given", async () => {
    const { resources } = await run(phase2);
    expect(ofType(resources, "pulumi:providers:docker")[0]!.inputs).toMatchObject({
      host: "unix:///run/engine.sock",
    });
  });

  it("leaves a stopped broker out, and its servers looking for it", async () => {
    const { resources, outputs } = await run(phase2, { redis: "stopped" });
    expect(outputs.broker).toBe(null);
    expect(containersOf(resources).map(({ name }) => name)).not.toContain("valkey");
    const { secret } = named(resources, "server-1")["envs"] as { secret: string[] };
    expect(secret).toContain("FF_REDIS_SSE_BROADCAST=true");
  });

  it("replaces router and carrier when its files change", async () => {
    const labelOf = (resources: readonly RecordedResource[]) =>
      labelsOf(containersOf(resources).find(({ name }) => name === "traefik")!)["sse-lab.config"];
    const three = labelOf((await run(phase2)).resources);
    expect(labelOf((await run(phase2)).resources)).toBe(three);
    expect(labelOf((await run(phase2, { replicas: 2 })).resources)).not.toBe(three);
  });

  it("refuses what cannot be before anything is made", async () => {
    const { resources, result } = await runRecorded(() => {
      try {
        stackProgram(stackArgs(phase2, { replicas: 0 }));
        return Promise.resolve(undefined);
      } catch (error) {
        return Promise.resolve(error);
      }
    });
    expect(result).toBeInstanceOf(StackArgsError);
    expect(resources).toEqual([]);
  });
});
