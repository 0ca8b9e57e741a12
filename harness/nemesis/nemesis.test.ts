import { describe, expect, it } from "vitest";
import type { BounceKind, Observation } from "../history/observation.ts";
import type { InstanceControl } from "../platform/platform.ts";
import { bounce } from "./nemesis.ts";

const instances = ["server-1", "server-2", "server-3"];

/** Carries a bounce out against a control that only writes down what it is told. */
async function carryOut(
  kind: BounceKind,
  overrides: Partial<InstanceControl> = {},
  seed = 4,
  signal?: AbortSignal,
) {
  const calls: string[] = [];
  const told =
    (what: string) =>
    async (instance: string): Promise<void> => {
      calls.push(`${what} ${instance}`);
      await Promise.resolve();
    };
  const observations: Observation[] = [];
  await bounce({
    kind,
    instances,
    control: { stop: told("stop"), kill: told("kill"), start: told("start"), ...overrides },
    recorder: { record: (observation) => observations.push(observation) },
    seed,
    settings: { stopGraceMs: 100, restartDelayMs: 0 },
    ...(signal ? { signal } : {}),
  });
  const recorded = observations.map((o) =>
    o.type === "bounce" ? `${o.bounce} ${o.target} ${o.state}` : o.type,
  );
  return { calls, recorded, observations };
}

describe("the nemesis", () => {
  it("does nothing and records nothing for none", async () => {
    expect(await carryOut("none")).toMatchObject({ calls: [], recorded: [] });
  });

  it("replaces one instance after the other when rolling", async () => {
    const { calls, recorded } = await carryOut("rolling");
    expect(calls).toEqual(instances.flatMap((name) => [`stop ${name}`, `start ${name}`]));
    expect(recorded).toEqual(
      instances.flatMap((name, i) => [`${i + 1} ${name} started`, `${i + 1} ${name} ended`]),
    );
  });

  it("stops all instances before it starts any when recreating", async () => {
    const { calls, recorded } = await carryOut("recreate");
    expect(calls).toEqual([
      ...instances.map((name) => `stop ${name}`),
      ...instances.map((name) => `start ${name}`),
    ]);
    expect(recorded).toEqual(["1 all started", "1 all ended"]);
  });

  it("kills the one instance that the seed chooses when crashing", async () => {
    expect((await carryOut("crash", {}, 4)).calls).toEqual(["kill server-2", "start server-2"]);
    expect((await carryOut("crash", {}, 5)).calls).toEqual(["kill server-3", "start server-3"]);
  });

  it("records a disturbance that failed with its error, and stops there", async () => {
    const { recorded, observations } = await carryOut("rolling", {
      start: () => Promise.reject(new Error("server-1 was not ready after 30 s")),
    });
    expect(recorded).toEqual(["1 server-1 started", "1 server-1 ended"]);
    expect(observations.at(-1)).toMatchObject({ error: "server-1 was not ready after 30 s" });
  });

  it("does not begin another disturbance once it is told to stop", async () => {
    const controller = new AbortController();
    const { recorded } = await carryOut(
      "rolling",
      {
        start: () => {
          controller.abort();
          return Promise.resolve();
        },
      },
      0,
      controller.signal,
    );
    expect(recorded).toEqual(["1 server-1 started", "1 server-1 ended"]);
  });
});
