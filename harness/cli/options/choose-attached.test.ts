import { describe, expect, it } from "vitest";
import type { RunningDeployment, RunningSettings } from "../../platform/platform.ts";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { attachedScenario, checkAttachFlags, refuseOtherThanRunning } from "./choose-attached.ts";

const SERVERS = { RETRY_MS: "1000", HEARTBEAT_MS: "15000" };

const running = (settings: Partial<RunningSettings> = {}, instances = 3): RunningDeployment => ({
  id: "phase1-abc",
  topology: "phase1",
  platform: "local",
  url: "http://127.0.0.1:1",
  dashboardUrl: "http://127.0.0.1:2",
  instances: Array.from({ length: instances }, (_, index) => `server-${index + 1}`),
  instanceUrls: {},
  settings: { redis: "up", servers: SERVERS, ...settings },
  startedAt: "2026-11-30T20:00:00.000Z",
});
const asked = (change: Partial<Scenario> = {}): Scenario => ({
  ...DEFAULT_SCENARIO,
  topologies: ["phase1"],
  ...change,
});

describe("flags beside --attach", () => {
  it.each([
    [{ topologies: ["phase2"] }, "--attach phase1 with --topologies: it loads the one topology"],
    [{ service: "a.yaml" }, "--attach phase1 with --service: what is up is the lab's own server"],
    [{ target: "http://localhost" }, "--attach phase1 with --target: "],
  ])("are refused if they contradict it: %j", (flags, message) => {
    expect(() => checkAttachFlags({ attach: "phase1", ...flags })).toThrow(message);
    expect(() => checkAttachFlags(flags)).not.toThrow();
  });

  it("name a topology", () => {
    expect(() => checkAttachFlags({ attach: "phase9" })).toThrow(
      '--attach phase9: unknown topology "phase9": choose from phase0, naive',
    );
  });
});

describe("a scenario for a deployment that is up", () => {
  it("takes its instances, and keeps a single one single", () => {
    expect(attachedScenario(running({}, 4), asked())).toEqual({
      topologies: ["phase1"],
      replicas: 4,
    });
    expect(attachedScenario(running({}, 1), asked())).toEqual({ topologies: ["phase1"] });
  });

  it("fits if it asks for what is up", () => {
    expect(() => refuseOtherThanRunning(asked({ replicas: 3 }), running())).not.toThrow();
    const servers = { RETRY_MS: "500", HEARTBEAT_MS: "1000" };
    const same = asked({ retryMs: 500, heartbeat: 1 });
    expect(() => refuseOtherThanRunning(same, running({ servers }))).not.toThrow();
  });

  it.each([
    [{ replicas: 5 }, {}, "--replicas 5: phase1-abc runs with 3"],
    [{ redis: "stopped" }, {}, "--redis stopped: phase1-abc runs with up"],
    [{}, { redis: "stopped" }, "--redis up: phase1-abc runs with stopped"],
    [{ retryMs: 500 }, {}, "--retry-ms 500: phase1-abc runs with 1000"],
    [{ heartbeat: 1 }, {}, "--heartbeat 1: phase1-abc runs with 15"],
    [{ bounces: ["none", "scale-out"] }, {}, "--bounces scale-out: needs one instance more"],
    [
      { catchUp: true, realtimePlan: "pro" },
      { realtime: { plan: "none", publish: "http", catchUp: false, hosted: false } },
      "--realtime-plan pro: phase1-abc runs with none\n--catch-up true: phase1-abc runs with false",
    ],
    [
      {},
      { realtime: { plan: "none", publish: "http", catchUp: false, hosted: true } },
      "phase1-abc uses a hosted Realtime, and REALTIME_URL is not set",
    ],
  ] as [Partial<Scenario>, Partial<RunningSettings>, string][])(
    "is refused if it asks for another one: %j of %j",
    (change, settings, message) => {
      expect(() => refuseOtherThanRunning(asked(change), running(settings))).toThrow(message);
    },
  );
});
