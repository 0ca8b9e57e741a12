import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { loadScenario } from "./load-scenario.ts";
import { parseGrace, parseScenario, type ScenarioPlace } from "./parse-scenario.ts";
import { UserError } from "../../common/user-error.ts";
import type { BounceSeconds } from "./run-times.ts";
import { DEFAULT_SCENARIO } from "./default-scenario.ts";
import { RAMP_DURATION_S } from "./load-times.ts";
import { replicasOf } from "./scenario.ts";

/** A platform on which a rolling bounce takes four seconds an instance, any other six in all. */
const bounceSeconds: BounceSeconds = (kind, replicas) =>
  kind === "none" ? 0 : kind === "rolling" ? 4 * replicas : 6;

const place: ScenarioPlace = { bounceSeconds, platform: "local", realtimeHosted: false };

const RAMP = { arrival: "ramp" } as const;

const problemsOf = (change: Record<string, unknown>, realtimeHosted = false): readonly string[] => {
  try {
    parseScenario(
      { ...DEFAULT_SCENARIO, ...change },
      { bounceSeconds, platform: "local", realtimeHosted },
      (key) => `--${key}`,
    );
  } catch (error) {
    if (error instanceof UserError) return error.message.split("\n");
    throw error;
  }
  return [];
};

describe("a scenario", () => {
  it.each([
    [
      { topologies: ["phase9"] },
      '--topologies: unknown topology "phase9": choose from phase0, naive',
    ],
    [
      { bounces: ["earthquake"] },
      '--bounces: unknown bounce "earthquake": choose from none, rolling',
    ],
    [{ topologies: [] }, "--topologies: is empty"],
    [{ topologies: ["naive", "naive"] }, "--topologies: names a topology twice"],
    [{ sessions: 0 }, "--sessions: 0 is out of range: give 1 to 19000"],
    [{ sessions: -3 }, "--sessions: -3 is out of range"],
    [{ sessions: 1e9 }, "--sessions: 1000000000 is out of range"],
    [{ sessions: 1.5 }, "--sessions: 1.5 is not a whole number"],
    [{ sessions: "many" }, '--sessions: "many" is not a number'],
    [{ rate: 0 }, "--rate: 0 is out of range"],
    [{ rate: Number.NaN }, "--rate: "],
    [{ duration: Number.POSITIVE_INFINITY }, "--duration: "],
    [{ replicas: 1 }, "--replicas: 1 is out of range: give 2 to 10"],
    [{ grace: 61 }, "--grace: 61 is out of range: give 0 to 60 seconds"],
    [{ grace: -1 }, "--grace: -1 is out of range"],
    [{ grace: 0.5 }, "--grace: 0.5 is not a whole number"],
    [
      { topologies: ["phase1", "phase1-header"], client: "eventsource" },
      "--client eventsource: phase1-header routes by the header X-Session-ID, which a browser's " +
        "EventSource cannot send; use --client retrying",
    ],
    [{ client: "curl" }, '--client: unknown client "curl": choose from retrying, eventsource'],
    [{ redis: "off" }, '--redis: unknown Redis state "off": choose from up, stopped'],
    [{ sesions: 3 }, 'unknown scenario key "sesions": known keys are topologies'],
    [{ arrival: "poisson" }, '--arrival: unknown arrival "poisson": choose from stationary, ramp'],
    [{ pipeline: 0 }, "--pipeline: 0 is out of range: give 1 to 3600 seconds"],
    [{ warmUp: -1 }, "--warmUp: -1 is out of range: give 0 to 600 seconds"],
    [
      { ramp: 5 },
      "--ramp 5 is longer than --warmUp 4: figures would count before all 300 streams are open; " +
        "give a --warmUp of 5 or more",
    ],
    [
      { duration: 4, bounces: ["none"] },
      "--duration 4: includes --warmUp 4, so nothing would be measured; give 5 seconds or more",
    ],
    [
      { ...RAMP, ramp: 14 },
      "--ramp 14 is not shorter than --duration 14: the 300 streams would never all be open at " +
        "once; give a --ramp below 14, or a longer --duration",
    ],
    [{ ...RAMP, ramp: 20, duration: 15 }, "--ramp 20 is not shorter than --duration 15"],
    [
      { ...RAMP, rate: 0.1, duration: 5, bounces: ["none"] },
      "--rate 0.1 over --duration 5: gives 1 event to the shortest pipeline, which needs 2",
    ],
    [
      { rate: 0.2 },
      "--rate 0.2 over --pipeline 8: gives 1 event to the shortest pipeline, which needs 2; " +
        "raise one of them",
    ],
    [{ gates: 20 }, "--gates 20: a pipeline of 20 events holds at most 19 gates"],
    [{ ...RAMP, gates: 80 }, "--gates 80: a pipeline of 70 events holds at most 69 gates"],
    [{ sessions: 19_000, rate: 100 }, "gives 1900000 events/s, but one host carries 50000"],
    [
      { rate: 1000, pipeline: 3600, sessions: 1 },
      "gives 5400000 events to the longest pipeline, but a server accepts 1000000",
    ],
    [
      { bounces: ["rolling"], duration: 10 },
      "--duration 10: the load ends before the longest bounce of rolling",
    ],
    [{ bounces: ["rolling"], replicas: 5, duration: 15 }, "give 24 seconds or more, or fewer"],
    [
      { ...RAMP, bounces: ["rolling"], replicas: 5, duration: 15 },
      "give 20 seconds or more, or fewer replicas",
    ],
    [
      { bounceSettings: ["pause=3"] },
      '--bounceSettings: ["pause=3"] is not a list of settings: give kind.name=value',
    ],
    [
      { bounceSettings: { "pause.share": 1 } },
      '--bounceSettings: unknown setting "pause.share": choose from crash.for, pause.for,',
    ],
    [
      { bounces: ["pause"], bounceSettings: { "pause.for": "long" } },
      '--bounceSettings: pause.for "long" is out of range: give 0.1 to 600 seconds',
    ],
    [
      { bounceSettings: { "pause.for": 3 } },
      "--bounceSettings pause.for: no run has this bounce; add pause to --bounces",
    ],
    [{ leaseMs: 10 }, "--leaseMs: 10 is out of range: give 100 to 60000 milliseconds"],
    [
      { topologies: ["phase2", "phase2-durable"], redis: "stopped" },
      "has no fallback; use --topologies phase2",
    ],
    [{ topologies: ["naive"], redis: "stopped" }, "--redis stopped: none of naive uses Redis"],
    [{ steadyOnly: ["phase3"] }, "--steadyOnly phase3: phase3 is not compared; add it to"],
    [{ steadyOnly: ["naive"], bounces: ["crash"] }, "no run is in steady state; add none to"],
    [{ topologies: ["phase0"], replicas: 3 }, "--replicas 3: phase0 has a single instance"],
  ])("is refused by name: %j", (change, message) => {
    const problems = problemsOf(change);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it.each([
    [
      { catchUp: true },
      "--catchUp: none of phase0, naive, phase1, phase2, phase2-durable uses " +
        "Realtime; add phase3, or remove it",
    ],
    [
      { realtimePlan: "pro" },
      "--realtimePlan pro: none of phase0, naive, phase1, phase2, phase2-durable uses Realtime",
    ],
    [{ overQuota: true }, "--overQuota: none of"],
    [{ realtimePublish: "websocket" }, "--realtimePublish websocket: none of"],
    [{ catchUp: "yes" }, '--catchUp: "yes" is neither true nor false'],
    [
      { realtimePlan: "gold" },
      '--realtimePlan: unknown Realtime plan "gold": choose from none, free, pro, team, enterprise',
    ],
    [
      { realtimePublish: "carrier" },
      '--realtimePublish: unknown way to publish "carrier": choose from http, websocket',
    ],
    [
      { bounces: ["realtime-outage"] },
      "--bounces realtime-outage: none of phase0, naive, phase1, phase2, phase2-durable uses " +
        "Realtime; " +
        "run it with --topologies phase3",
    ],
    [
      { topologies: ["phase1", "phase2", "phase3"], bounces: ["realtime-outage"] },
      "--bounces realtime-outage: phase1, phase2 do not use Realtime; " +
        "run it separately with --topologies phase3",
    ],
    [
      { topologies: ["phase2", "phase3"], catchUp: true, redis: "stopped" },
      "--catchUp with --redis stopped: the event log needs Redis; remove one of the two",
    ],
  ])("of Realtime is refused by name: %j", (change, message) => {
    const problems = problemsOf(change);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it.each([
    [
      { bounces: ["realtime-outage"], realtimePlan: "enterprise" },
      "--bounces realtime-outage: the lab cannot stop the hosted Realtime of REALTIME_URL",
    ],
    [
      { overQuota: true, sessions: 10, realtimePlan: "pro" },
      "--overQuota: the lab does not overload the hosted Realtime of REALTIME_URL",
    ],
    [
      {},
      "--realtimePlan none: the lab must not break the quota of REALTIME_URL's Realtime, " +
        "and cannot see its plan; name it: free, pro, team, enterprise",
    ],
  ])("on a hosted Realtime is refused by name: %j", (change, message) => {
    const few = { topologies: ["phase3"], bounces: ["none"], sessions: 20 };
    const problems = problemsOf({ ...few, ...change }, true);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it("ignores REALTIME_URL if no topology uses Realtime", () => {
    expect(problemsOf({}, true)).toEqual([]);
  });

  it.each([
    [{ client: "eventsource", topologies: ["phase2", "phase3"] }],
    [{ topologies: ["phase3"], bounces: ["none", "realtime-outage"], catchUp: true }],
    [{ topologies: ["phase3"], realtimePublish: "websocket" }],
  ])("of Realtime is fine: %j", (change) => {
    expect(problemsOf(change)).toEqual([]);
  });

  it("above the plan's quota is refused with each limit and a plan that allows it", () => {
    const free = {
      topologies: ["phase3"],
      bounces: ["none"],
      realtimePlan: "free",
      sessions: 210,
      rate: 1,
    };
    expect(problemsOf(free)).toEqual([
      "--realtimePlan free: the scenario needs 213 connections: at most 200",
      "--realtimePlan free: the scenario needs 420 messages/s, " +
        "counting each at sending and at delivery: must stay below 100",
      "--realtimePlan free: plan pro allows it (500 connections, 500 messages/s); " +
        "lower --sessions or --rate, or run it with --overQuota to see the limits' effect",
    ]);
    expect(problemsOf({ ...free, overQuota: true })).toEqual([]);
    const hosted = problemsOf(free, true);
    expect(hosted.at(-1)).toMatch(/lower --sessions or --rate$/);
  });

  it("above every plan's published limits is refused with that reason", () => {
    const many = { topologies: ["phase3"], bounces: ["none"], realtimePlan: "pro" };
    expect(problemsOf(many).at(-1)).toContain(
      "it exceeds the published limits of every plan; ask Supabase",
    );
  });

  it("names every problem at once", () => {
    expect(problemsOf({ sessions: 0, rate: -1, seed: "x" })).toHaveLength(3);
  });

  it("has a grace period that is checked alone", () => {
    expect(parseGrace(0, "--grace")).toBe(0);
    expect(() => parseGrace("long", "--grace")).toThrow(
      '--grace: "long" is not a number: give 0 to 60 seconds',
    );
  });

  it("keeps a single instance single when replicas are overridden", () => {
    const replicas = TOPOLOGIES.map((topology) => [
      topology.name,
      replicasOf(topology, { replicas: 5 }),
    ]);
    expect(Object.fromEntries(replicas)).toMatchObject({ phase0: 1, naive: 5, phase2: 5 });
  });
});

describe("loading a scenario", () => {
  const folder = join(import.meta.dirname, "..", "..", "loadtests", "scenarios");

  it("accepts every scenario that the project ships", async () => {
    const files = await readdir(folder);
    expect(files).toContain("smoke.json");
    for (const file of files) await loadScenario({ file: join(folder, file), flags: {}, place });
  });

  it("finds the shipped default scenario equal to the built-in one", async () => {
    const shipped: unknown = JSON.parse(await readFile(join(folder, "default.json"), "utf8"));
    expect(await loadScenario({ flags: {}, place })).toMatchObject(shipped as object);
  });

  it("leaves no pair out of the topologies and bounces that are asked for", async () => {
    const load = async (flags: Record<string, unknown>) =>
      (await loadScenario({ file: join(folder, "default.json"), flags, place })).steadyOnly;
    expect(await load({})).toEqual(["naive"]);
    expect(await load({ topologies: ["phase2"] })).toBeUndefined();
    expect(await load({ bounces: ["crash"] })).toBeUndefined();
    expect(await load({ bounces: ["none", "crash"], steadyOnly: ["phase0"] })).toEqual(["phase0"]);
  });

  it("lets flags win over the file, and the file over the defaults", async () => {
    const scenario = await loadScenario({
      file: join(folder, "smoke.json"),
      flags: { sessions: 7, rate: undefined },
      place,
    });
    expect(scenario).toMatchObject({ sessions: 7, rate: 4, drain: DEFAULT_SCENARIO.drain });
  });

  it("gives more sessions a longer ramp and longer pipelines, unless they are given", async () => {
    const load = (flags: Record<string, unknown>) => loadScenario({ flags, place });
    expect(await load({})).toEqual({ ...DEFAULT_SCENARIO, steadyOnly: ["naive"] });
    const many = await load({ sessions: 5_000, rate: 1.8 });
    expect(many.ramp).toBeGreaterThan(DEFAULT_SCENARIO.ramp);
    expect(many.warmUp).toBeGreaterThan(many.ramp);
    expect(many.pipeline).toBeGreaterThan(DEFAULT_SCENARIO.pipeline);
    expect(await load({ sessions: 5_000, ramp: 2, pipeline: 3 })).toMatchObject({
      ramp: 2,
      warmUp: 3,
      pipeline: 3,
    });
    expect((await load({ rate: 0.2 })).pipeline).toBe(20);
    expect(await load({ ...RAMP, sessions: 5_000 })).toMatchObject({ ramp: DEFAULT_SCENARIO.ramp });
  });

  it("gives a rolling bounce of many replicas enough time with ramp, without a duration", async () => {
    const load = (flags: Record<string, unknown>) =>
      loadScenario({ flags: { ...RAMP, bounces: ["rolling"], ...flags }, place });
    expect((await load({})).duration).toBe(RAMP_DURATION_S);
    expect((await load({ replicas: 6 })).duration).toBeGreaterThan(22);
    expect((await load({ replicas: 6, duration: 40 })).duration).toBe(40);
    await expect(load({ replicas: 6, duration: 12 })).rejects.toThrow(
      "--duration 12: the load ends",
    );
  });

  it("gives a bounce on a slower platform enough time", async () => {
    const slow = await loadScenario({
      flags: { ...RAMP, bounces: ["crash"] },
      place: { ...place, bounceSeconds: () => 20 },
    });
    expect(slow.duration).toBe(23);
  });

  it("reports the file that cannot be read", async () => {
    await expect(loadScenario({ file: "/nowhere/x.json", flags: {}, place })).rejects.toThrow(
      "--scenario /nowhere/x.json: cannot be read (ENOENT)",
    );
  });

  it("names the file for a value of the file, the flag for a value of a flag", async () => {
    const load = loadScenario({
      file: join(folder, "smoke.json"),
      flags: { payloadBytes: -1 },
      place,
    });
    await expect(load).rejects.toThrow("--payload-bytes: -1 is out of range");
  });
});
