import { describe, expect, it } from "vitest";
import type { Observation } from "../history/observation.ts";
import { readHistory } from "../history/read-history.ts";
import {
  WHOLE,
  causesOf,
  compare,
  expectVerdict,
  type TestComparison,
} from "./test-support/test-comparison.ts";

const observationsOf = async ({ path }: TestComparison): Promise<Observation[]> => {
  const all: Observation[] = [];
  for await (const batch of readHistory(`${path}/history.ndjson.gz`)) all.push(...batch);
  return all;
};

/**
 * Instances that answered each session's requests and streams from the moment on at which its id
 * was known, in order.
 */
const routesOf = (observations: readonly Observation[]): Map<string, string[]> => {
  const createdAt = new Map<string, number>();
  for (const one of observations) {
    if (one.type === "request" && one.sessionId !== undefined) createdAt.set(one.session, one.atMs);
  }
  const routes = new Map<string, string[]>();
  const answered = observations
    .filter((one) => one.type === "request" || one.type === "connected")
    .sort((a, b) => a.atMs - b.atMs);
  for (const { session, instance, atMs } of answered) {
    if (instance === undefined || atMs <= (createdAt.get(session) ?? Infinity)) continue;
    routes.set(session, [...(routes.get(session) ?? []), instance]);
  }
  return routes;
};

describe("phase1-header, through real HAProxy", () => {
  it(
    "loses nothing in steady state and keeps each session on one instance from the moment on " +
      "at which it has an id",
    async (context) => {
      await using comparison = await compare({ topologies: ["phase1-header"], gates: 1 });
      const run = comparison.run("phase1-header");
      expect(run).toMatchObject(WHOLE);
      expect(run.gates).toEqual({ offered: 60, answered: 60, reachedPipeline: 60, stalled: 0 });
      const routes = routesOf(await observationsOf(comparison));
      expect(routes.size).toBe(60);
      // Stream, start and gate at the least.
      for (const route of routes.values()) {
        expect(route.length).toBeGreaterThanOrEqual(3);
        expect(new Set(route).size).toBe(1);
      }
      const homes = [...routes.values()].map(([home]) => home);
      expect(new Set(homes)).toEqual(new Set(["server-1", "server-2", "server-3"]));
      expectVerdict(context, "valid", run);
    },
  );

  it("moves only the sessions of an instance that crashes, and loses only what died with it", async (context) => {
    await using comparison = await compare({
      topologies: ["phase1-header"],
      bounces: ["crash"],
      duration: 6,
      drain: 3,
    });
    const run = comparison.run("phase1-header", "crash");
    expect(run.lostByCause.unexplained).toBe(0);
    const observations = await observationsOf(comparison);
    const crashed = observations.find((one) => one.type === "bounce")?.target;
    const streams = observations.filter((one) => one.type === "connected");
    const first = new Map(
      streams.filter((one) => one.connection === 1).map((one) => [one.session, one.instance]),
    );
    const hit = [...first]
      .filter(([, instance]) => instance === crashed)
      .map(([session]) => session);
    expect(hit.length).toBeGreaterThan(0);
    const cut = streams.filter((one) => one.connection > 1).map((one) => one.session);
    expect([...new Set(cut)].sort()).toEqual(hit.sort());
    expect(["epoch-changed", "in-flight-at-disconnect", "while-disconnected"]).toEqual(
      expect.arrayContaining(causesOf(run)),
    );
    expectVerdict(context, "valid", run);
  });
});
