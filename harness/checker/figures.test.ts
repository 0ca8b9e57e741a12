import { describe, expect, it } from "vitest";
import { judgeFixture } from "./test-support/judge-fixture.ts";

describe("latency", () => {
  it("leaves the warm-up out", async () => {
    const { latency } = await judgeFixture("valid-slow-warm-up");
    expect(latency?.total).toMatchObject({ samples: 3, max: 2.5 });
  });

  it("shows the publisher's lateness and the delivery apart", async () => {
    const { latency } = await judgeFixture("remark-published-late");
    expect(latency).toMatchObject({
      total: { p99: 241 },
      lateness: { p99: 240 },
      delivery: { p99: 1 },
    });
  });

  it("is not resolved if the engine itself was that late", async () => {
    const { latency, verdict } = await judgeFixture("remark-latency-unresolved");
    expect(verdict).toBe("valid");
    expect(latency?.total).toMatchObject({ p99: 90, resolved: false });
    expect(latency?.lateness.resolved).toBe(true);
  });

  it("is never below the clock error", async () => {
    const { latency, latencyMs } = await judgeFixture("remark-clock-error-above-latency");
    expect(latency?.delivery).toMatchObject({ p50: 4.9, max: 4.9, floorMs: 4.9 });
    expect(latencyMs).toMatchObject({ p50: 4.9, max: 4.9 });
  });

  it("has no recovered events, whose delay is a figure of its own", async () => {
    const { latency, recoveredDelayMs } = await judgeFixture("outcome-recovered-late");
    expect(latency?.total.max).toBe(2.5);
    expect(recoveredDelayMs).toMatchObject({ samples: 3, max: 8892 });
  });
});

describe("new users", () => {
  it("waited from their arrival to the start of the pipeline", async () => {
    const { newUsers, latencyMs } = await judgeFixture("remark-slow-begin");
    expect(newUsers?.outside.begin).toMatchObject({ count: 1, durationMs: { max: 1304 } });
    expect(latencyMs?.max).toBe(2.5);
  });

  it("counts a request as during a bounce that it waited for, though it was sent before", async () => {
    const { newUsers } = await judgeFixture("valid-pause");
    expect(newUsers?.during.gate).toMatchObject({ count: 1, failed: 0 });
    expect(newUsers?.outside.gate).toMatchObject({ count: 0 });
  });

  it("met errors during the bounce", async () => {
    const { newUsers } = await judgeFixture("remark-kept-from-starting-by-errors");
    expect(newUsers?.during.create).toMatchObject({ count: 1, failed: 1, durationMs: null });
    expect(newUsers?.during.begin).toMatchObject({ count: 1, failed: 1 });
    expect(newUsers?.outside.begin).toMatchObject({ count: 1, failed: 0 });
  });
});

describe("a deploy", () => {
  it("counts a cut for the target that the stream hung on, and the others as collateral", async () => {
    const { bounces, deploy } = await judgeFixture("remark-collateral");
    expect(bounces).toMatchObject([{ target: "b", open: 3, cut: 1 }]);
    expect(deploy).toMatchObject({ collateral: 2, away: { cut: 3, p50Ms: 110 } });
  });

  it("counts a cut that was noticed during the next bounce for its own", async () => {
    const { bounces, deploy } = await judgeFixture("valid-cut-noticed-in-the-next-bounce");
    expect(bounces.map(({ cut }) => cut)).toEqual([1, 0]);
    expect(deploy).toMatchObject({ collateral: 0, away: { p99Ms: 80 } });
  });

  it("counts the time away from the cut, not from its own start", async () => {
    const { deploy, reconnects } = await judgeFixture("valid-cut-late-in-its-bounce");
    expect(deploy?.away).toEqual({ cut: 1, neverBack: 0, p50Ms: 200, p99Ms: 200 });
    expect(reconnects.timeTo100Ms).toBe(1600);
  });

  it("counts who never came back as away for ever", async () => {
    const { deploy } = await judgeFixture("valid-never-back");
    expect(deploy?.away).toEqual({ cut: 2, neverBack: 1, p50Ms: 100, p99Ms: null });
    // Four of five events at 5/s for one of two streams.
    expect(deploy?.blackoutS.livedOn).toMatchObject({ streams: 2, mean: 0.4 });
  });

  it("begins a run without a recorded start with the owner that resumes it", async () => {
    const { newUsers } = await judgeFixture("valid-resumed-without-a-start");
    expect(newUsers?.outside.begin).toMatchObject({ count: 1, failed: 0 });
  });

  it("counts a storm by the time of the attempts, not of their answers", async () => {
    const { deploy, reconnects } = await judgeFixture("valid-storm-by-attempt");
    expect(deploy?.storm).toMatchObject({ peakPerSecond: 1, peakPerCutStream: 1 / 3 });
    // One attempt a second at first.
    expect(deploy?.storm.curve.slice(0, 9)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(reconnects.peakPerSecond).toBe(1);
  });

  it("tells what became of the pipelines that outlast their instance", async () => {
    const outlastingIn = async (fixture: string) =>
      (await judgeFixture(fixture)).deploy?.outlasting;
    expect(await outlastingIn("remark-stuck-by-reason")).toEqual({
      pipelines: 1,
      killed: 1,
      graceS: 0.001,
    });
    // The bounce reached an instance that ran no pipeline.
    expect(await outlastingIn("valid-cut-late-in-its-bounce")).toEqual({
      pipelines: 0,
      killed: 0,
      graceS: 0,
    });
  });

  it("kills pipelines, and leaves streams of the others stuck by a lost terminal event", async () => {
    const { deploy, stuck, stuckStreams } = await judgeFixture("remark-stuck-by-reason");
    expect(deploy).toMatchObject({ running: 3, killed: 1, stuckLivedOn: { stuck: 2, of: 2 } });
    expect(deploy?.blackoutS).toMatchObject({ livedOn: { streams: 2 }, doomed: { streams: 1 } });
    expect(stuck).toEqual({
      died: 1,
      terminalLost: 1,
      gaveUp: 1,
      neverStarted: 0,
      open: 0,
      untold: 0,
    });
    expect(stuckStreams).toBe(3);
  });

  it("takes nothing from a stream that had no route before", async () => {
    const { deploy, lost } = await judgeFixture("cause-while-disconnected-before-no-route");
    expect(lost).toBe(6);
    expect(deploy).toMatchObject({ open: 1, dark: 1, stuckLivedOn: { of: 0 } });
    expect(deploy?.blackoutS.livedOn).toEqual({ streams: 0, mean: 0, deviation: 0 });
  });
});
