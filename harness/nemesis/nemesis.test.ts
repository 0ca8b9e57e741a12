import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  BounceKind,
  BounceObservation,
  Observation,
  StepObservation,
} from "../history/observation.ts";
import type { EdgeControl } from "./edge/edge-proxy.ts";
import type {
  BrokerComponent,
  Deploy,
  InstanceControl,
  LinkControl,
  RealtimeComponent,
  RouterChange,
  ScaleControl,
} from "../platform/platform.ts";
import {
  DEFAULT_NEMESIS_SETTINGS,
  type BounceContext,
  type NemesisSettings,
} from "./bounce-context.ts";
import { DEFAULT_BOUNCE_SETTINGS } from "./bounce-settings.ts";
import { MIGRATION } from "./migration-steps.ts";
import { bounce } from "./nemesis.ts";

/** In the place of every instance: it is always ready. */
const ready = {
  server: createServer((_, response) => void response.end(ready.says)),
  url: "",
  says: "{}",
};
beforeAll(async () => {
  ready.server.listen(0, "127.0.0.1");
  await once(ready.server, "listening");
  ready.url = `http://127.0.0.1:${(ready.server.address() as AddressInfo).port}`;
});
afterAll(() => ready.server.close());

const instances = ["server-1", "server-2", "server-3"];

type RealtimeControl = NonNullable<RealtimeComponent["control"]>;
/** A Realtime of the deployment's own. */
const own = (control: RealtimeControl): RealtimeControl => control;

interface Told {
  overrides?: Partial<InstanceControl>;
  seed?: number;
  signal?: AbortSignal;
  stopGraceMs?: number;
  chaos?: BounceContext["chaos"];
  /** Clients reach the router through it. Default: there is none. */
  edge?: EdgeControl;
  /** Changes what controls it, which without a change does as told. Default: there is none. */
  /** Can the router change, and are there more instances than it knows? Default: false. */
  scale?: boolean;
  /** Does the deployment have Redis and relays? Default: true. */
  parts?: boolean;
  realtime?: "hosted" | ((own: RealtimeControl) => RealtimeControl);
}

/** No bounce lasts. */
const AT_ONCE: NemesisSettings = {
  ...DEFAULT_NEMESIS_SETTINGS,
  bounces: Object.fromEntries(
    Object.keys(DEFAULT_BOUNCE_SETTINGS)
      .filter((key) => key.endsWith(".for"))
      .map((key) => [key, 0]),
  ),
  migrationHoldMs: 0,
};

const brokerThat = (does: (what: string) => () => Promise<void>): BrokerComponent => ({
  name: "valkey",
  kill: does("kill valkey"),
  start: does("start valkey"),
  pause: does("pause valkey"),
  resume: does("resume valkey"),
  flush: does("flush valkey"),
  failover: {
    replicate: does("replicate valkey"),
    promote: does("promote the replica"),
    retire: does("retire the old primary"),
  },
});

const linksThat = (told: (what: string) => (instance: string) => Promise<void>): LinkControl => ({
  cut: (instance, peer) => told(`cut ${peer} from`)(instance),
  mend: (instance, peer) => told(`mend ${peer} with`)(instance),
});

/** One instance runs at first. */
const scaleThat = (told: (what: string) => (instance: string) => Promise<void>): ScaleControl => {
  const running = new Set(instances.slice(0, 1));
  return {
    running: () => [...running],
    boot: (instance) => {
      running.add(instance);
      return told("boot")(instance);
    },
    remove: (instance) => {
      running.delete(instance);
      return told("remove")(instance);
    },
  };
};

/**
 * Carries a bounce out against a control that only writes down what it is told; its deploys take 10
 * ms an instance.
 */
async function carryOut(
  kind: BounceKind,
  {
    overrides = {},
    seed = 4,
    signal,
    stopGraceMs = 100,
    chaos,
    edge,
    realtime,
    parts = true,
    scale = false,
  }: Told = {},
) {
  const calls: string[] = [];
  const told =
    (what: string) =>
    async (instance: string): Promise<void> => {
      calls.push(`${what} ${instance}`);
      await Promise.resolve();
    };
  const deploy = async ({ strategy, graceMs, settings, onReplace }: Deploy): Promise<void> => {
    const changed = Object.entries(settings ?? {}).map(([name, value]) =>
      value === undefined ? `without ${name}` : `${name}=${value}`,
    );
    calls.push(`deploy ${strategy} grace ${graceMs} ${changed.join(", ")}`.trim());
    await Promise.resolve();
    instances.forEach((name, index) => {
      onReplace?.(name, "started", index * 10);
      onReplace?.(name, "ended", index * 10 + 9);
    });
  };
  const observations: Observation[] = [];
  const part = { name: "realtime-standin", standIn: true, url: "ws://127.0.0.1:1/socket" };
  const does =
    (what: string): (() => Promise<void>) =>
    () =>
      told(what)("");
  const ownControl = {
    kill: () => told("kill")("realtime"),
    start: () => told("start")("realtime"),
  };
  await bounce({
    kind,
    deployment: {
      instances,
      instanceUrls: Object.fromEntries(instances.map((name) => [name, ready.url])),
      control: {
        deploy,
        kill: told("kill"),
        start: told("start"),
        pause: told("pause"),
        resume: told("resume"),
        ...overrides,
      },
      router: {
        name: "traefik",
        kill: does("kill traefik"),
        start: does("start traefik"),
        ...(scale
          ? {
              change: ({ affinity, instances: to }: RouterChange) =>
                told(`route ${affinity}`)(to.join(",")),
            }
          : {}),
      },
      ...(scale ? { scale: scaleThat(told) } : {}),
      ...(parts ? { broker: brokerThat(does), links: linksThat(told) } : {}),
      ...(realtime
        ? { realtime: realtime === "hosted" ? part : { ...part, control: realtime(ownControl) } }
        : {}),
    },
    edge,
    chaos,
    recorder: { record: (observation) => observations.push(observation) },
    seed,
    settings: { ...AT_ONCE, stopGraceMs },
    ...(signal ? { signal } : {}),
  });
  const disturbances = observations.filter(
    (one): one is BounceObservation => one.type === "bounce",
  );
  const recorded = disturbances.map(
    (o) => `${o.bounce} ${o.target} ${o.state}${o.error ? `: ${o.error}` : ""}`,
  );
  const steps = observations.filter((one): one is StepObservation => one.type === "step");
  return { calls, recorded, disturbances, steps };
}

/** A deploy that tells what is given and then fails, or ends. */
const deployThat =
  (
    tells: [instance: string, state: "started" | "ended"][],
    error?: string,
  ): InstanceControl["deploy"] =>
  ({ onReplace }) => {
    for (const [instance, state] of tells) onReplace?.(instance, state, 1);
    return error === undefined ? Promise.resolve() : Promise.reject(new Error(error));
  };

describe("the nemesis", () => {
  it("does nothing and records nothing for none", async () => {
    expect(await carryOut("none")).toMatchObject({ calls: [], recorded: [] });
  });

  it("deploys rolling, and records each instance with the platform's times", async () => {
    const { calls, recorded, disturbances } = await carryOut("rolling");
    expect(calls).toEqual(["deploy rolling grace 100"]);
    expect(recorded).toEqual(
      instances.flatMap((name, i) => [`${i + 1} ${name} started`, `${i + 1} ${name} ended`]),
    );
    expect(disturbances.map(({ atMs }) => atMs)).toEqual([0, 9, 10, 19, 20, 29]);
  });

  it("recreates all at once, as one disturbance with the given grace period", async () => {
    const { calls, recorded, disturbances } = await carryOut("recreate", { stopGraceMs: 0 });
    expect(calls).toEqual(["deploy recreate grace 0"]);
    expect(recorded).toEqual(["1 all started", "1 all ended"]);
    // From the first instance that is touched to the last that is back, not from when the platform
    // was asked.
    expect(disturbances.map(({ atMs }) => atMs)).toEqual([0, 29]);
  });

  it("times a recreate from the first start to the last end, in any order", async () => {
    const deploy = ({ onReplace }: Deploy): Promise<void> => {
      for (const [index, name] of instances.entries()) onReplace?.(name, "started", 5 + index);
      for (const [index, name] of instances.entries()) onReplace?.(name, "ended", 90 - index);
      return Promise.resolve();
    };
    const { disturbances } = await carryOut("recreate", { overrides: { deploy } });
    expect(disturbances.map(({ atMs }) => atMs)).toEqual([5, 90]);
  });

  it("records an error if a recreate skipped instances", async () => {
    const deploy = deployThat([
      ["server-1", "started"],
      ["server-1", "ended"],
      ["server-2", "started"],
    ]);
    const { recorded } = await carryOut("recreate", { overrides: { deploy } });
    expect(recorded).toEqual([
      "1 all started",
      "1 all ended: the deploy ended without replacing these instances: server-2, server-3",
    ]);
  });

  it("kills the one instance that the seed chooses when crashing", async () => {
    const first = (await carryOut("crash", { seed: 4 })).calls;
    expect(first).toEqual(["kill server-3", "start server-3"]);
    expect(first).toEqual((await carryOut("crash", { seed: 4 })).calls);
    const targets = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map(async (seed) => (await carryOut("crash", { seed })).calls[0]),
    );
    expect(new Set(targets)).toEqual(new Set(["kill server-1", "kill server-2", "kill server-3"]));
  });

  it.each<[string, [string, "started" | "ended"][], string[]]>([
    ["before the first instance", [], ["1 server-1 started", "1 server-1 ended: no disk"]],
    [
      "while one is under way",
      [
        ["server-1", "started"],
        ["server-1", "ended"],
        ["server-2", "started"],
      ],
      ["1 server-1 started", "1 server-1 ended", "2 server-2 started", "2 server-2 ended: no disk"],
    ],
    [
      "between two of them",
      [
        ["server-1", "started"],
        ["server-1", "ended"],
      ],
      ["1 server-1 started", "1 server-1 ended", "2 server-2 started", "2 server-2 ended: no disk"],
    ],
    [
      "after the last",
      instances.flatMap((name): [string, "started" | "ended"][] => [
        [name, "started"],
        [name, "ended"],
      ]),
      [
        ...instances.flatMap((name, i) => [`${i + 1} ${name} started`, `${i + 1} ${name} ended`]),
        "4 all started",
        "4 all ended: no disk",
      ],
    ],
  ])("records a rolling deploy that fails %s with its error", async (_, tells, expected) => {
    const { recorded } = await carryOut("rolling", {
      overrides: { deploy: deployThat(tells, "no disk") },
    });
    expect(recorded).toEqual(expected);
  });

  it("records an error if a deploy skipped an instance or never ended one", async () => {
    const deploy = deployThat([
      ["server-1", "started"],
      ["server-1", "ended"],
      ["server-2", "started"],
    ]);
    const { recorded } = await carryOut("rolling", { overrides: { deploy } });
    const error = "the deploy ended without replacing this instance";
    expect(recorded.slice(2)).toEqual([
      "2 server-2 started",
      `2 server-2 ended: ${error}`,
      "3 server-3 started",
      `3 server-3 ended: ${error}`,
    ]);
  });

  it("records a recreate and a crash that failed with their errors", async () => {
    const fails = (): Promise<never> =>
      Promise.reject(new Error("server-1 was not ready after 30 s"));
    const recreate = await carryOut("recreate", { overrides: { deploy: fails } });
    expect(recreate.recorded).toEqual([
      "1 all started",
      "1 all ended: server-1 was not ready after 30 s",
    ]);
    const crash = await carryOut("crash", { overrides: { start: fails } });
    expect(crash.recorded.at(-1)).toBe("1 server-3 ended: server-1 was not ready after 30 s");
  });

  it("takes Realtime away and brings it back, under the part's own name", async () => {
    const { calls, recorded } = await carryOut("realtime-outage", { realtime: own });
    expect(calls).toEqual(["kill realtime", "start realtime"]);
    expect(recorded).toEqual(["1 realtime-standin started", "1 realtime-standin ended"]);
  });

  it("records the error of an outage that failed or has no target", async () => {
    const kill = (): Promise<never> =>
      Promise.reject(new Error("realtime-standin was not running"));
    const failed = await carryOut("realtime-outage", {
      realtime: (control) => ({ ...control, kill }),
    });
    expect(failed.recorded.at(-1)).toBe(
      "1 realtime-standin ended: realtime-standin was not running",
    );
    expect((await carryOut("realtime-outage", { realtime: "hosted" })).recorded.at(-1)).toBe(
      "1 realtime-standin ended: the lab cannot stop a hosted Realtime",
    );
    expect((await carryOut("realtime-outage")).recorded.at(-1)).toBe(
      "1 realtime ended: the deployment does not use Realtime",
    );
  });

  it("kills before the drain is over, but not later than the host would", async () => {
    expect((await carryOut("drain-cut", { stopGraceMs: 10_000 })).calls).toEqual([
      "deploy rolling grace 1500",
    ]);
    expect((await carryOut("drain-cut")).calls).toEqual(["deploy rolling grace 100"]);
  });

  it("limits or holds streams at the edge, and takes that back", async () => {
    const told: unknown[] = [];
    let held = 3;
    const edge: EdgeControl = {
      cap: (ms) => void told.push(["cap", ms]),
      cutIdle: (ms) => void told.push(["idle", ms]),
      stopReading: (share, seed) => {
        told.push(["hold", share, seed]);
        return { held, release: () => void told.push(["release"]) };
      },
    };
    for (const kind of ["request-cap", "idle-cut", "slow-subscriber"] as const)
      expect((await carryOut(kind, { edge })).recorded).toEqual(["1 all started", "1 all ended"]);
    expect(told).toEqual([
      ["cap", 3000],
      ["cap", undefined],
      ["idle", 2000],
      ["idle", undefined],
      ["hold", 0.25, 4],
      ["release"],
    ]);
    held = 0;
    expect((await carryOut("slow-subscriber", { edge })).recorded.at(-1)).toContain(
      "no stream was open",
    );
    expect((await carryOut("idle-cut")).recorded.at(-1)).toContain("without the edge");
  });

  it("goes through a chaos plan step by step, each on record under its own kind", async () => {
    const steps = [
      { kind: "crash" as const, seconds: 0, seed: 1 },
      { kind: "recreate" as const, seconds: 0, seed: 2 },
    ];
    const { disturbances } = await carryOut("chaos", { chaos: { steps, untilMs: Infinity } });
    expect(disturbances.map(({ bounce, kind, state }) => `${bounce} ${kind} ${state}`)).toEqual([
      "1 crash started",
      "1 crash ended",
      "2 recreate started",
      "2 recreate ended",
    ]);
  }, 20_000);

  it("ends a chaos plan with the step that fails, and begins none that would come too late", async () => {
    const step = { kind: "crash" as const, seconds: 1, seed: 1 };
    const kill = (): Promise<never> => Promise.reject(new Error("gone already"));
    const chaos = { steps: [step, step], untilMs: Infinity };
    const failed = await carryOut("chaos", { chaos, overrides: { kill } });
    expect(failed.recorded).toHaveLength(2);
    expect((await carryOut("chaos", { chaos: { ...chaos, untilMs: 0 } })).recorded).toEqual([]);
    expect((await carryOut("chaos")).recorded.at(-1)).toContain("no time for a bounce");
  });

  it("walks a migration step by step, instances before the router and after it", async () => {
    const { calls, steps, disturbances } = await carryOut("migration", { scale: true });
    expect(steps.map(({ name, state }) => `${name} ${state}`)).toEqual(
      MIGRATION.flatMap(({ name }) => [`${name} started`, `${name} ended`]),
    );
    expect(calls.slice(0, 5)).toEqual([
      "route cookie server-1",
      "boot server-2",
      "boot server-3",
      "route cookie server-1,server-2,server-3",
      "deploy rolling grace 100 without FF_REDIS_SSE_BROADCAST",
    ]);
    expect(calls.slice(-3)).toEqual(["route none server-1", "remove server-2", "remove server-3"]);
    const deploys = calls.filter((call) => call.startsWith("deploy"));
    expect(deploys.map((call) => call.replace("deploy rolling grace 100 ", ""))).toEqual([
      "without FF_REDIS_SSE_BROADCAST",
      "FF_REDIS_SSE_BROADCAST=false",
      "FF_REDIS_SSE_BROADCAST=true",
      "FF_REDIS_SSE_BROADCAST=false",
      "without FF_REDIS_SSE_BROADCAST",
      "without REDIS_URL, without FF_REDIS_SSE_BROADCAST",
    ]);
    expect(new Set(disturbances.map(({ kind }) => kind))).toEqual(
      new Set(["migration", "rolling", "scale-in"]),
    );
    expect(disturbances.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it("ends a migration with the first step that fails", async () => {
    const { steps, recorded } = await carryOut("migration");
    expect(recorded.at(-1)).toContain("the router of this deployment cannot change");
    expect(steps.map(({ name }) => name)).toEqual([MIGRATION[0]!.name, MIGRATION[0]!.name]);
  });

  it("takes a service for whole that misses a Redis which was never there", async () => {
    ready.says = '{"broker":"down"}';
    const steps = [{ kind: "crash" as const, seconds: 0, seed: 1 }];
    const { recorded } = await carryOut("chaos", {
      chaos: { steps, untilMs: Infinity },
      parts: false,
    });
    ready.says = "{}";
    expect(recorded).toEqual(["1 server-2 started", "1 server-2 ended"]);
  }, 20_000);

  it.each<[BounceKind, string, string[]]>([
    ["pause", "server-3", ["pause server-3", "resume server-3"]],
    ["redis-outage", "valkey", ["kill valkey", "start valkey"]],
    ["redis-pause", "valkey", ["pause valkey", "resume valkey"]],
    ["redis-flush", "valkey", ["flush valkey"]],
    [
      "redis-failover",
      "valkey",
      ["replicate valkey", "promote the replica", "retire the old primary"],
    ],
    ["redis-partition", "server-3", ["cut redis from server-3", "mend redis with server-3"]],
    ["router-restart", "traefik", ["kill traefik", "start traefik"]],
    ["router-partition", "server-3", ["cut router from server-3", "mend router with server-3"]],
  ])("carries %s out, under the name of its target", async (kind, target, steps) => {
    const { calls, recorded } = await carryOut(kind);
    expect(calls.map((call) => call.trim())).toEqual(steps);
    expect(recorded).toEqual([`1 ${target} started`, `1 ${target} ended`]);
  });

  it.each<[BounceKind, string]>([
    ["redis-pause", "1 redis ended: the deployment runs no Redis"],
    ["redis-failover", "1 redis ended: the deployment runs no Redis"],
    [
      "router-partition",
      "1 server-3 ended: the deployment was started without relays in its links",
    ],
  ])("records an error for %s if the deployment lacks what it disturbs", async (kind, error) => {
    expect((await carryOut(kind, { parts: false })).recorded.at(-1)).toBe(error);
  });

  it("wakes an instance up if it is told to stop meanwhile", async () => {
    const stop = new AbortController();
    const pause = (): Promise<void> => {
      stop.abort();
      return Promise.resolve();
    };
    const { calls } = await carryOut("pause", { overrides: { pause }, signal: stop.signal });
    expect(calls).toEqual(["resume server-3"]);
  });

  it("begins nothing once it is told to stop", async () => {
    const signal = AbortSignal.abort();
    for (const kind of ["rolling", "recreate", "crash", "realtime-outage"] as const) {
      expect(await carryOut(kind, { signal, realtime: own })).toMatchObject({
        calls: [],
        recorded: [],
      });
    }
  });
});
