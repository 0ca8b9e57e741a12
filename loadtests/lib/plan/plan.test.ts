import { readdirSync, readFileSync } from "node:fs";
import { plannedLoad } from "../../../harness/load/portable/load-plan.ts";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PlanError } from "./plan-error.ts";
import { planRecord, readPlan, type PlanSources, type ScriptPlan } from "./plan.ts";

const SSE: Pick<PlanSources, "follows" | "topology"> = {
  follows: ({ broadcaster }) => broadcaster !== "supabase",
  topology: "phase0",
};
const REALTIME: typeof SSE = {
  follows: ({ broadcaster }) => broadcaster === "supabase",
  topology: "phase3",
};

const read = (env: Record<string, string>, scenario?: unknown, script = SSE): ScriptPlan =>
  readPlan({
    ...script,
    env: scenario === undefined ? env : { ...env, SCENARIO: "asked.json" },
    open: () => (typeof scenario === "string" ? scenario : JSON.stringify(scenario)),
  });

describe("SCENARIO by name", () => {
  it("smoke is the load of the file of that name", () => {
    const file = readFileSync(join(import.meta.dirname, "../../scenarios/smoke.json"), "utf8");
    expect(read({ SCENARIO: "smoke" }).load).toEqual(read({}, file).load);
  });

  it("default is what runs without one, and soak takes an hour", () => {
    expect(read({ SCENARIO: "default" }).load).toEqual(read({}).load);
    expect(read({ SCENARIO: "soak", SESSIONS: "7" }).load).toMatchObject({
      durationS: 3600,
      sessions: 7,
    });
  });
});

const problemsOf = (
  env: Record<string, string>,
  scenario?: unknown,
  script = SSE,
): readonly string[] => {
  try {
    read(env, scenario, script);
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
  return [];
};

describe("a plan", () => {
  it("runs without being told anything, with the native engine's defaults", () => {
    expect(read({})).toMatchObject({
      load: {
        url: "http://127.0.0.1:8080",
        client: "retrying",
        sessions: 300,
        eventsPerSecond: 5,
        arrival: "stationary",
        durationS: 12,
        pipelineS: 8,
        warmUpS: 4,
        rampS: 3,
        drainS: 4,
        gates: 0,
        payloadBytes: 200,
        seed: 1,
      },
      topology: { name: "phase0" },
      bounce: "none",
      repeat: 1,
    });
    expect(read({})).not.toHaveProperty("out");
    expect(read({}, undefined, REALTIME)).toMatchObject({
      load: { client: "realtime" },
      topology: { name: "phase3" },
    });
  });

  it("takes everything from the environment", () => {
    const plan = read({
      URL: "https://lab.example:8443/",
      TOPOLOGY: "phase1",
      BOUNCE: "rolling",
      REPEAT: "3",
      REPLICAS: "4",
      SESSIONS: "20",
      RATE: "2.5",
      DURATION: "10",
      ARRIVAL: "ramp",
      RAMP: "0.5",
      DRAIN: "2",
      GATES: "1",
      PAYLOAD_BYTES: "50",
      SEED: "7",
      CLIENT: "eventsource",
      OUT: "results/k6/",
    });
    expect(plan).toMatchObject({
      load: {
        url: "https://lab.example:8443",
        client: "eventsource",
        sessions: 20,
        eventsPerSecond: 2.5,
        arrival: "ramp",
        durationS: 10,
        rampS: 0.5,
        drainS: 2,
        gates: 1,
        payloadBytes: 50,
        seed: 7,
        repeat: 3,
      },
      topology: { name: "phase1" },
      bounce: "rolling",
      repeat: 3,
      replicas: 4,
      out: "results/k6",
    });
    expect(planRecord(plan, 12)).toEqual({
      type: "k6-plan",
      plan: plannedLoad(plan.load),
      topology: "phase1",
      bounce: "rolling",
      repeat: 3,
      replicas: 4,
      atMs: 12,
    });
  });

  it("takes what the environment leaves open from the scenario file", () => {
    const scenario = {
      topologies: ["phase3", "phase2"],
      bounces: ["crash", "none"],
      sessions: 9,
      rate: 4,
      grace: 5,
    };
    expect(read({ RATE: "3" }, scenario)).toMatchObject({
      load: { sessions: 9, eventsPerSecond: 3 },
      topology: { name: "phase2" },
      bounce: "crash",
      repeat: 1,
    });
  });

  it("takes an empty variable for one that is not set", () => {
    expect(read({ SESSIONS: "", URL: " " }).load).toMatchObject({
      sessions: 300,
      url: "http://127.0.0.1:8080",
    });
  });

  it.each(readdirSync(join(import.meta.dirname, "../../scenarios")))("is made of %s", (file) => {
    const scenario = JSON.parse(
      readFileSync(join(import.meta.dirname, "../../scenarios", file), "utf8"),
    ) as {
      topologies: string[];
    };
    const script = scenario.topologies[0] === "phase3" ? REALTIME : SSE;
    expect(problemsOf({}, scenario, script)).toEqual([]);
  });
});

describe("a plan is refused by key, value and fix", () => {
  it.each<[Record<string, string>, string]>([
    [
      { URL: "127.0.0.1:8080" },
      'URL "127.0.0.1:8080": give scheme, host and port of the router only, like ' +
        "http://127.0.0.1:8080",
    ],
    [{ URL: "http://host/path" }, 'URL "http://host/path": give scheme'],
    [{ URL: "http://me:secret@host" }, "URL "],
    [{ TOPOLOGY: "phase9" }, 'TOPOLOGY: unknown topology "phase9": choose from phase0, naive'],
    [{ TOPOLOGY: "phase3" }, 'TOPOLOGY "phase3": this script does not follow it; realtime.ts does'],
    [{ BOUNCE: "earthquake" }, 'BOUNCE: unknown bounce "earthquake": choose from none, rolling'],
    [{ SESSIONS: "many" }, 'SESSIONS: "many" is not a number: give 1 to 19000 concurrent streams'],
    [{ SESSIONS: "1.5" }, "SESSIONS: 1.5 is not a whole number"],
    [{ SESSIONS: "0" }, "SESSIONS: 0 is out of range: give 1 to 19000"],
    [{ SESSIONS: "0x10" }, 'SESSIONS: "0x10" is not a number'],
    [{ RATE: "0" }, "RATE: 0 is out of range: give 0.1 to 1000 events per second and session"],
    [{ DURATION: "-1" }, "DURATION: -1 is out of range: give 1 to 3600 seconds"],
    [{ ARRIVAL: "burst" }, 'ARRIVAL: unknown arrival "burst": choose from stationary, ramp'],
    [{ ARRIVAL: "ramp", RAMP: "14" }, "RAMP 14 is not shorter than DURATION 14"],
    [{ WARM_UP: "2" }, "RAMP 3 is longer than WARM_UP 2"],
    [{ PIPELINE: "0" }, "PIPELINE: 0 is out of range: give 1 to 3600 seconds"],
    [{ DRAIN: "0" }, "DRAIN: 0 is out of range"],
    [{ GATES: "20" }, "GATES 20: a pipeline of 20 events holds at most 19 gates"],
    [{ PAYLOAD_BYTES: "70000" }, "PAYLOAD_BYTES: 70000 is out of range"],
    [{ SEED: "-1" }, "SEED: -1 is out of range"],
    [{ CLIENT: "curl" }, 'CLIENT: unknown client "curl": choose from retrying, eventsource'],
    [{ REPEAT: "0" }, "REPEAT: 0 is out of range: give 1 to 50"],
    [{ REPLICAS: "3" }, 'REPLICAS "3": phase0 is a single instance; leave it out'],
    [{ TOPOLOGY: "phase1", REPLICAS: "1" }, "REPLICAS: 1 is out of range: give 2 to 10 replicas"],
    [
      { TOPOLOGY: "phase1-header", CLIENT: "eventsource" },
      "CLIENT eventsource: phase1-header routes by the header X-Session-ID",
    ],
    [{ SESSIONS: "19000", RATE: "100" }, "SESSIONS 19000 at RATE 100: gives 1900000 events/s"],
  ])("%j", (env, message) => {
    const problems = problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it.each<[unknown, string]>([
    ["{", 'SCENARIO "asked.json": is not JSON'],
    [[], 'SCENARIO "asked.json": must hold one JSON object with scenario keys'],
    [
      { sesions: 3 },
      'asked.json: unknown scenario key "sesions": known keys are topologies, bounces',
    ],
    [{ __proto__x: 3 }, "asked.json: unknown scenario key"],
    [{ sessions: "3" }, 'asked.json: sessions: "3" is not a number: give 1 to 19000'],
    [{ topologies: ["phase9"] }, 'asked.json: topologies: unknown topology "phase9"'],
    [{ topologies: [] }, "asked.json: topologies: is empty"],
    [{ bounces: "none" }, 'asked.json: bounces: "none" is not a list of bounce names'],
    [{ catchUp: "yes" }, 'asked.json: catchUp: "yes" is neither true nor false'],
    [{ redis: "off" }, 'asked.json: redis: unknown Redis state "off"'],
    [{ realtimePlan: "gold" }, "asked.json: realtimePlan: unknown Realtime plan"],
    [{ realtimePublish: "post" }, "asked.json: realtimePublish: unknown way to publish"],
    [{ replicas: 1 }, "asked.json: replicas: 1 is out of range"],
    [{ grace: 99 }, "asked.json: grace: 99 is out of range"],
    [{ client: "x" }, "asked.json: client: unknown client"],
    [{ warmUp: 2 }, "RAMP 3 is longer than asked.json: warmUp 2"],
    [{ arrival: "ramp", ramp: 20 }, "asked.json: ramp 20 is not shorter than DURATION 14"],
    [{ topologies: ["phase3"] }, 'TOPOLOGY "phase3": this script does not follow it'],
  ])("a scenario file with %j", (scenario, message) => {
    const problems = problemsOf({}, scenario);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it.each([
    ["UTF-16 with a mark", "\uFFFD\uFFFD{\0}\0"],
    ["UTF-16", "{\0}\0"],
  ])("a scenario file in %s", (_, text) => {
    const [problem] = problemsOf({}, text);
    expect(problem).toContain('SCENARIO "asked.json" is UTF-16');
  });

  it("no scenario file for its byte order mark", () => {
    expect(read({}, '\uFEFF{"sessions": 7}').load.sessions).toBe(7);
  });

  it("a scenario file that is not there", () => {
    const open = (): string => {
      throw new Error("no such file");
    };
    expect(() => readPlan({ ...SSE, env: { SCENARIO: "gone.json" }, open })).toThrow(
      'SCENARIO "gone.json": cannot be read (Error: no such file); give smoke, default, soak, ' +
        "or a path relative to the script",
    );
  });

  it.each([
    ["{", "is not JSON"],
    ["[]", "is no object of metrics"],
    ['{"sse_events_lost":"count==0"}', "sse_events_lost needs a list of expressions"],
    ['{"sse_events_lost":[1]}', "sse_events_lost needs a list of expressions"],
  ])("thresholds %j", (THRESHOLDS, problem) => {
    expect(problemsOf({ THRESHOLDS }).join()).toContain(problem);
  });

  it("with all problems at once", () => {
    expect(problemsOf({ SESSIONS: "0", RATE: "x", TOPOLOGY: "y" })).toHaveLength(3);
  });

  it("a topology of SSE by the script for Realtime", () => {
    expect(problemsOf({ TOPOLOGY: "phase1" }, undefined, REALTIME)).toEqual([
      'TOPOLOGY "phase1": this script does not follow it; sse.ts does',
    ]);
  });
});
