/** Stacks on a real engine, by the real Pulumi CLI and its Docker provider. */
import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { connectRaw } from "../standins/realtime/server/test-support/raw-client.ts";
import { STAND_IN, REALTIME_NAME } from "./realtime/realtime-names.ts";
import { hasBroker } from "./realtime/stack-realtime.ts";
import type { StackOutputs } from "./stack/stack-args.ts";
import { docker, whatIsLeft, type LabStack } from "./test-support/lab-stack.ts";
import { stackOf, untilOk } from "./test-support/open-stacks.ts";
import { TOPOLOGIES } from "./topologies.ts";

const inspect = (id: string) => docker.getContainer(id).inspect();

/** As the engine sees them: confined, with separate users, and reachable from this host only. */
const checkContainers = async (stack: LabStack): Promise<void> => {
  const ids = await stack.containers();
  const containers = await Promise.all([...ids.values()].map(inspect));
  for (const { Config, HostConfig, Mounts, NetworkSettings, State, Name } of containers) {
    const isRouter = Name === `/${stack.args.stack}-${stack.args.topology.router}`;
    const isSupabase = Name === `/${stack.args.stack}-realtime`;
    const isDatabase = Name === `/${stack.args.stack}-realtime-postgres`;
    expect.soft(State.Running, Name).toBe(true);
    expect.soft(HostConfig, Name).toMatchObject({
      ReadonlyRootfs: !isSupabase,
      CapDrop: ["ALL"],
      CapAdd: null,
      Privileged: false,
      SecurityOpt: ["no-new-privileges:true"],
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      Ulimits: [{ Name: "nproc", Soft: 1024, Hard: 1024 }],
    });
    expect.soft(HostConfig.Memory, Name).toBeGreaterThan(0);
    expect.soft(Config.User, Name).toMatch(isSupabase ? /^65534:65534$/ : /^60\d{3}:60\d{3}$/);
    expect
      .soft(Object.keys(NetworkSettings.Networks), Name)
      .toEqual([`${stack.args.stack}-network`]);
    // After a crash, no label would identify an anonymous volume (of an image that declares one).
    const volumes = Mounts.flatMap((mount) => (mount.Type === "volume" ? [mount.Name] : []));
    const own = isRouter ? ["router-config"] : isDatabase ? ["postgres-config"] : [];
    expect.soft(volumes, Name).toEqual(own.map((volume) => `${stack.args.stack}-${volume}`));
    // Null: exposed by the image, not published.
    const bindings = Object.values<{ HostIp: string }[] | null>(NetworkSettings.Ports).flat();
    const published = bindings.flatMap((binding) => (binding ? [binding.HostIp] : []));
    const ports = isRouter ? 2 : isDatabase || Name.endsWith("-valkey") ? 0 : 1;
    expect.soft(published, Name).toEqual(Array.from({ length: ports }, () => "127.0.0.1"));
  }
  expect(new Set(containers.map(({ Config }) => Config.User)).size).toBe(ids.size);
};

/** The stand-in, unless SSE_LAB_REALTIME asks for Supabase's own. */
const realtimeName = ({ args }: LabStack): string =>
  args.realtime?.by === "standin" ? STAND_IN : REALTIME_NAME;

interface Session {
  sessionId: string;
  token: string;
  realtime: { url: string; topic: string; apikey: string; token: string };
}

/** Like a page: subscribes at the given address, and starts its pipeline through the router. */
const hearPipeline = async ({ url, realtime }: StackOutputs, session: Session): Promise<void> => {
  expect(session.realtime.url).toBe(realtime?.url);
  const { host, port, pathname } = new URL(session.realtime.url);
  const { apikey, token: access_token } = session.realtime;
  const address = `ws://127.0.0.1:${port}${pathname}/websocket?apikey=${apikey}&vsn=2.0.0`;
  const client = await connectRaw(address, host);
  const topic = `realtime:${session.realtime.topic}`;
  const config = {
    broadcast: { ack: false, self: false },
    presence: { enabled: false },
    private: true,
  };
  client.send(["1", "1", topic, "phx_join", { config, access_token }]);
  expect(await client.next()).toMatchObject(["1", "1", topic, "phx_reply", { status: "ok" }]);
  const events = 5;
  const started = await fetch(
    `${url}/api/sessions/${session.sessionId}/pipeline?token=${session.token}`,
    {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ events, eventsPerSecond: 50, gates: 0, payloadBytes: 10, seed: 1 }),
    },
  );
  expect(started.ok).toBe(true);
  const heard: number[] = [];
  while (heard.length < events) {
    const frame = (await client.next()) as [
      unknown,
      unknown,
      string,
      string,
      { payload: { event: { seq: number } } },
    ];
    expect(frame.slice(2, 4)).toEqual([topic, "broadcast"]);
    heard.push(frame[4].payload.event.seq);
  }
  expect(heard).toEqual(Array.from({ length: events }, (_, index) => index + 1));
  client.ws.close();
};

describe.each(TOPOLOGIES.map(({ name }) => name))("%s", (name) => {
  it("comes up confined, answers through its router, stays unchanged, and leaves nothing", async () => {
    const stack = await stackOf(name);
    const { topology, ports } = stack.args;
    await stack.up();

    const outputs = stack.outputs();
    expect(outputs).toEqual({
      topology: name,
      revision: "1",
      url: `http://127.0.0.1:${ports.router}`,
      dashboardUrl: expect.stringContaining(`http://127.0.0.1:${ports.dashboard}/`) as string,
      router: { kind: topology.router, container: `${stack.args.stack}-${topology.router}` },
      broker: hasBroker(topology.broadcaster, stack.args.realtime)
        ? { kind: "valkey", container: `${stack.args.stack}-valkey` }
        : null,
      realtime:
        topology.broadcaster === "supabase"
          ? {
              kind: realtimeName(stack),
              container: `${stack.args.stack}-${realtimeName(stack)}`,
              url: `ws://realtime.localhost:${ports.realtime}/socket`,
            }
          : null,
      instances: ports.instances!.map((port, index) => ({
        name: `server-${index + 1}`,
        container: `${stack.args.stack}-server-${index + 1}`,
        url: `http://127.0.0.1:${port}`,
      })),
    });
    // `up` waited for readiness: no second try.
    for (const { name: instance, url } of outputs.instances) {
      const answer = await fetch(`${url}/readyz`);
      expect([answer.status, answer.headers.get("x-instance")]).toEqual([200, instance]);
    }
    const created = await untilOk(`${outputs.url}/api/sessions`, { method: "POST" });
    expect(created.status).toBe(201);
    if (outputs.realtime) await hearPipeline(outputs, (await created.json()) as Session);
    expect((await fetch(outputs.dashboardUrl)).status).toBe(200);

    await checkContainers(stack);
    const ledgers = await readdir(stack.args.ledgerDir!);
    expect(ledgers.sort()).toEqual(
      outputs.instances.map((instance) => `${instance.name}.1.ndjson`),
    );
    const state = await stack.state();
    expect(state).toContain(`${stack.args.stack}-server-1`);
    expect(state).not.toContain(stack.args.sessionSecret);
    const { realtime } = stack.args;
    if (realtime !== undefined && realtime.by !== "hosted") {
      for (const key of Object.values(realtime.keys)) expect.soft(state).not.toContain(key);
    }

    expect(await stack.preview()).toEqual([]);
    const before = await stack.containers();
    // The engine's own view agrees with the state.
    expect(await stack.up({}, { refresh: true })).toEqual([]);
    expect(await stack.containers()).toEqual(before);

    await stack.destroy();
    expect(await whatIsLeft(stack.args.stack)).toEqual([]);
  });
});
