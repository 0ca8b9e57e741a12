import { beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../common/user-error.ts";
import { stackProgram } from "./program.ts";
import { serverSettings } from "./stack/server-settings.ts";
import type { StackOutputs } from "./stack/stack-args.ts";
import {
  resolveOutputs,
  runRecorded,
  type RecordedResource,
} from "./test-support/recording-mocks.ts";
import { imageId, REALTIME_KEYS, stackArgs } from "./test-support/stack-args.ts";
import { TOPOLOGIES, type Topology } from "./topologies.ts";

interface Ran {
  topology: Topology;
  resources: RecordedResource[];
  outputs: StackOutputs;
}

const run = async (
  topology: Topology,
  change: Parameters<typeof stackArgs>[1] = {},
): Promise<Ran> => {
  const args = stackArgs(topology, change);
  const { resources, result } = await runRecorded(() =>
    stackProgram(args, { dockerHost: "unix:///run/engine.sock" })().then(
      resolveOutputs<StackOutputs>,
    ),
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
    (inputs["labels"] as { label: string; value: string }[]).map(({ label, value }) => [
      label,
      value,
    ]),
  );

describe.each(TOPOLOGIES as readonly Topology[])("$name", (topology) => {
  let ran: Ran;
  beforeAll(async () => {
    ran = await run(topology);
  });
  const servers = Array.from({ length: topology.replicas }, (_, index) => `server-${index + 1}`);
  const { router } = topology;
  const hasBroker = topology.broadcaster.startsWith("redis");
  const flag = topology.broadcaster === "redis" ? "FF_REDIS_SSE_BROADCAST" : "FF_REDIS_SSE_DURABLE";
  const hasRealtime = topology.broadcaster === "supabase";

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
        ...(hasRealtime
          ? [
              "sse-scaling-lab:index:RealtimeStandin realtime-standin",
              "docker:index/container:Container realtime-standin",
            ]
          : []),
      ].sort(),
    );
  });

  it("confines every container that runs", () => {
    const running = containersOf(ran.resources).filter(({ inputs }) => inputs["start"] !== false);
    expect(running).toHaveLength(servers.length + 1 + (hasBroker || hasRealtime ? 1 : 0));
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
      [
        20_000,
        20_001,
        ...(hasRealtime ? [20_002] : []),
        ...servers.map((_, index) => 20_010 + index),
      ].sort(),
    );
  });

  it("gives everything in the engine the stack's labels", () => {
    const own = ran.resources.filter(({ type }) => type.startsWith("docker:"));
    for (const resource of own) {
      expect
        .soft(labelsOf(resource))
        .toMatchObject({ "sse-lab.stack": "lab", "sse-lab.checkout": "c0ffee" });
      expect.soft(Object.keys(labelsOf(resource))).toEqual(Object.keys(labelsOf(resource)).sort());
    }
    const roles = own.map(
      (resource) =>
        `${labelsOf(resource)["sse-lab.role"]} ${labelsOf(resource)["sse-lab.instance"]}`,
    );
    expect(new Set(roles)).toEqual(
      new Set([
        "network network",
        ...servers.map((server) => `server ${server}`),
        "router-config router-config",
        `router ${router}`,
        ...(hasBroker ? ["broker valkey"] : []),
        ...(hasRealtime ? ["broker realtime-standin"] : []),
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
        .toEqual(hasBroker ? ["REDIS_URL=redis://valkey:6379", `${flag}=true`] : []);
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
      realtime: hasRealtime
        ? {
            kind: "realtime-standin",
            container: "lab-realtime-standin",
            url: "ws://realtime.localhost:20002/socket",
          }
        : null,
      instances: servers.map((name, index) => ({
        name,
        container: `lab-${name}`,
        url: `http://127.0.0.1:${20_010 + index}`,
      })),
    });
  });
});

describe("Realtime", () => {
  const phase3 = TOPOLOGIES.find(({ name }) => name === "phase3")!;
  const { images, ports } = stackArgs(phase3);
  const real = {
    server: images.server,
    router: images.router,
    realtime: imageId("5"),
    postgres: imageId("6"),
  };
  const settings = { plan: "free", publish: "websocket", catchUp: false } as const;
  const hosted = {
    url: "https://abc.supabase.co/realtime/v1",
    serviceKey: "hosted-service-key",
    jwtSecret: "h".repeat(40),
  };
  const secretsOf = (inputs: Record<string, unknown>): string[] =>
    (inputs["envs"] as { secret: string[] }).secret;
  const realtimeOf = (resources: readonly RecordedResource[]): string[] =>
    secretsOf(named(resources, "server-1"))
      .filter((one) => /REALTIME|SUPABASE|EVENT_LOG|REDIS/.test(one))
      .filter((one) => !(one.split("=")[0]! in serverSettings))
      .sort();
  const own = [
    "FF_SUPABASE_SSE_BROADCAST=true",
    "REALTIME_ANON_KEY=anon-key",
    `REALTIME_JWT_SECRET=${"j".repeat(40)}`,
    "REALTIME_KEY=service-role-key",
  ];

  it(
    "is told to the servers, with the name by which clients reach it, and with the plan's " +
      "limits to the stand-in",
    async () => {
      const { resources } = await run(phase3, {
        realtime: { ...settings, by: "standin", keys: REALTIME_KEYS },
      });
      expect(realtimeOf(resources)).toEqual([
        ...own,
        "REALTIME_PUBLIC_URL=ws://realtime.localhost:20002/socket",
        "REALTIME_PUBLISH=websocket",
        "REALTIME_URL=http://realtime:4000/socket",
      ]);
      const standin = named(resources, "realtime-standin");
      expect(standin).toMatchObject({
        name: "lab-realtime-standin",
        networksAdvanced: [{ name: "lab-network", aliases: ["realtime"] }],
        wait: true,
      });
      expect(secretsOf(standin)).toEqual(
        expect.arrayContaining([
          "HOST=0.0.0.0",
          "PORT=4000",
          "SELF_HOST_TENANT_NAME=realtime",
          "TENANT_MAX_CONCURRENT_USERS=200",
          "TENANT_MAX_PAYLOAD_SIZE_IN_KB=256",
          `API_JWT_SECRET=${"j".repeat(40)}`,
        ]),
      );
    },
  );

  it("with catch-up has a broker for the event log, which nothing is published on", async () => {
    const { resources, outputs } = await run(phase3, {
      realtime: { ...settings, publish: "http", catchUp: true, by: "standin", keys: REALTIME_KEYS },
    });
    expect(realtimeOf(resources)).toEqual([
      "FF_SSE_EVENT_LOG=true",
      ...own,
      "REALTIME_PUBLIC_URL=ws://realtime.localhost:20002/socket",
      "REALTIME_PUBLISH=http",
      "REALTIME_URL=http://realtime:4000/socket",
      "REDIS_URL=redis://valkey:6379",
    ]);
    expect(outputs.broker).toEqual({ kind: "valkey", container: "lab-valkey" });
  });

  it("is Supabase's own with a Postgres, each confined as far as it can be, the keys kept secret", async () => {
    const { resources, outputs } = await run(phase3, {
      images: real,
      realtime: { ...settings, by: "supabase", keys: REALTIME_KEYS },
    });
    expect(outputs.realtime).toEqual({
      kind: "realtime",
      container: "lab-realtime",
      url: "ws://realtime.localhost:20002/socket",
    });
    const [postgres, realtime] = [
      named(resources, "realtime-postgres"),
      named(resources, "realtime"),
    ];
    for (const inputs of [postgres, realtime]) {
      expect(inputs).toMatchObject({
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        restart: "no",
        wait: true,
      });
    }
    expect(postgres).toMatchObject({
      name: "lab-realtime-postgres",
      image: real.postgres,
      user: "60807:60807",
      readOnly: true,
      mounts: [
        {
          type: "volume",
          source: "lab-postgres-config",
          target: "/docker-entrypoint-initdb.d",
          readOnly: true,
        },
      ],
    });
    expect(postgres["ports"]).toBeUndefined();
    expect((postgres["command"] as string[]).join(" ")).toContain("wal_level=logical");
    expect(secretsOf(postgres)).toContain("POSTGRES_PASSWORD=database-password");
    expect(realtime).toMatchObject({
      name: "lab-realtime",
      image: real.realtime,
      user: "65534:65534",
      readOnly: false,
      networksAdvanced: [{ name: "lab-network", aliases: ["realtime"] }],
      ports: [{ ip: "127.0.0.1", internal: 4000, external: 20_002 }],
    });
    expect(secretsOf(realtime)).toEqual(
      expect.arrayContaining([
        "DB_HOST=realtime-postgres",
        "DB_PASSWORD=database-password",
        `DB_ENC_KEY=${"k".repeat(16)}`,
        `TENANT_JWT_SECRET=${"j".repeat(40)}`,
        `API_JWT_SECRET=${"a".repeat(40)}`,
        "SELF_HOST_TENANT_NAME=realtime",
        "TENANT_MAX_EVENTS_PER_SECOND=100",
      ]),
    );
    const [init] = named(resources, "postgres-config-carrier")["uploads"] as [
      { file: string; content: string },
    ];
    expect(named(resources, "postgres-config-carrier")).toMatchObject({
      image: real.realtime,
      start: false,
    });
    expect(init.file).toBe("/docker-entrypoint-initdb.d/10-realtime.sql");
    expect(init.content).toContain("create policy sse_lab_hear_own_session on realtime.messages");
  });

  it("that is hosted creates no resource, and the servers get its address unchanged", async () => {
    const { images: all } = stackArgs(phase3);
    const { resources, outputs } = await run(phase3, {
      images: { server: all.server, router: all.router },
      ports: { router: 20_000, dashboard: 20_001 },
      realtime: { ...settings, by: "hosted", hosted },
    });
    expect(outputs.realtime).toEqual({
      kind: "hosted",
      container: null,
      url: "wss://abc.supabase.co/realtime/v1",
    });
    expect(containersOf(resources).map(({ name }) => name)).not.toContain("realtime-standin");
    expect(realtimeOf(resources)).toEqual([
      "FF_SUPABASE_SSE_BROADCAST=true",
      `REALTIME_JWT_SECRET=${"h".repeat(40)}`,
      "REALTIME_KEY=hosted-service-key",
      "REALTIME_PUBLISH=websocket",
      "REALTIME_URL=https://abc.supabase.co/realtime/v1",
    ]);
  });

  it("gives no secret to anything that does not need it", async () => {
    for (const change of [
      {},
      { images: real, ports, realtime: { ...settings, by: "supabase", keys: REALTIME_KEYS } },
    ] as const) {
      const { resources, outputs } = await run(phase3, change);
      const open = JSON.stringify([outputs, resources], (key, value: unknown) =>
        key === "secret" ? "(hidden)" : value,
      );
      expect(open).toContain("(hidden)");
      for (const [name, key] of Object.entries(REALTIME_KEYS))
        expect.soft(open, name).not.toContain(key);
    }
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

  it("refuses invalid arguments before it creates anything", async () => {
    const { resources, result } = await runRecorded(() => {
      try {
        stackProgram(stackArgs(phase2, { replicas: 0 }));
        return Promise.resolve(undefined);
      } catch (error) {
        return Promise.resolve(error);
      }
    });
    expect(result).toBeInstanceOf(UserError);
    expect(resources).toEqual([]);
  });
});
