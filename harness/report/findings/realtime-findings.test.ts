import { describe, expect, it } from "vitest";
import { realtimeFindings } from "./realtime-findings.ts";
import { realtimeFits } from "./realtime-fits.ts";
import { groupRuns } from "../summary/run-group.ts";
import { makeRealtime, makeRun, type RunParts } from "../test-support.ts";

const groupsOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun));
const latency = (p50: number, p99: number) => ({ p50, p90: p99, p99, p999: p99, max: p99 });
const direct = (parts: RunParts = {}): RunParts => ({ topology: "d", realtime: makeRealtime(), ...parts });
const bounceOf = (kind: "rolling" | "realtime-outage", cut: number | null, open: number | null = 200) => ({
  kind,
  target: "x",
  startedMs: 1000,
  endedMs: 4000,
  open,
  cut,
  lost: 0,
  reconnects: 0,
});
const said = (...runs: RunParts[]): string => realtimeFindings(groupsOf(...runs)).join("\n");

describe("what Realtime brings and takes, in numbers", () => {
  it("is nothing where no topology has it, and where no run can be trusted", () => {
    expect(realtimeFindings(groupsOf({}, { bounce: "rolling" }))).toEqual([]);
    expect(realtimeFindings(groupsOf(direct({ verdict: "unknown" })))).toEqual([]);
  });

  it("sets the latency beside every topology that loses nothing, as difference and as ratio", () => {
    const lossy = { topology: "lossy", lostByCause: { "no-route": 8000 } };
    const text = said(
      direct({ latencyMs: latency(5, 20) }),
      { topology: "p", latencyMs: latency(2, 25) },
      { ...lossy, latencyMs: latency(1, 2) },
    );
    expect(text).toContain(
      "In steady state, the latency of d was 5.0 ms (p50) and 20.0 ms (p99); against p with 2.0 ms (p50) and 25.0 ms (p99) that is +3.0 ms (x 2.50) and -5.0 ms (x 0.80).",
    );
    expect(text).not.toContain("lossy");
    expect(said(direct())).toContain("no topology without Realtime was measured beside it");
  });

  it("says of a stand-in's latency that it says nothing, and of the real one's nothing of the kind", () => {
    const text = said(direct({ realtime: makeRealtime({ part: "s", standIn: true }) }), { topology: "p" });
    expect(text).toContain("the latency of d (s) was");
    expect(text).toContain("It was measured on a stand-in: its latency says nothing about Supabase.");
    expect(said(direct(), { topology: "p" })).not.toContain("stand-in");
  });

  it("tells the extra hop in its parts, where they are known", () => {
    const figures = (p50: number, p99: number) => ({ p50, p90: p99, p99, max: p99 });
    const brokerHop = { waitedMs: figures(1, 3), carriedMs: figures(2, 6) };
    expect(said(direct({ brokerHop }))).toContain(
      "waited 1.0 ms (p50) and 3.0 ms (p99) at its publisher, and 2.0 ms and 6.0 ms passed from there",
    );
    expect(said(direct())).not.toContain("waited");
  });

  it("says whom an outage of Realtime cut, what it lost and when all were back", () => {
    const outage = direct({
      bounce: "realtime-outage",
      lostByCause: { "while-disconnected": 1200 },
      bounces: [bounceOf("realtime-outage", 200)],
      reconnects: { count: 200, downtimeMs: null, timeTo95Ms: 8000, timeTo100Ms: 8012, peakPerSecond: 200 },
    });
    expect(said(outage)).toContain(
      "Dependence: when Realtime went away under d, 200 of 200 open streams were cut by it at once, 10.0 % of what was due was lost, and the last stream was back 8,012 ms after it began.",
    );
    expect(said({ ...outage, bounces: [bounceOf("realtime-outage", null, null)] })).toContain(
      "under d, 10.0 % of what was due was lost",
    );
    expect(said(direct({ bounce: "realtime-outage" }))).toContain("not all streams came back");
  });

  it("sets what a bounce of the app cut and lost beside the same bounce of the others", () => {
    const rolling = { bounce: "rolling" as const };
    const text = said(
      direct({ ...rolling, neverPublished: 1200, bounces: [bounceOf("rolling", 0), bounceOf("rolling", 0)] }),
      {
        ...rolling,
        topology: "p",
        bounces: [bounceOf("rolling", 67), bounceOf("rolling", 70)],
        lostByCause: { "while-disconnected": 600 },
      },
    );
    expect(text).toContain(
      "Across rolling, streams cut: 0 in d, against 137 in p; lost of what was due: 0 % in d, against 5.00 % in p. Its pipelines died with their instance all the same: 10.0 % of what was due was never published.",
    );
  });

  it("says which limits were met, what they did and the broker's words; or whose were not", () => {
    const quota = {
      neverAdmitted: 12,
      refusedAttempts: 40,
      cutStreams: 3,
      droppedEvents: 7,
      heldBackMs: 2_500,
      words: ["Too many connected users"],
    };
    const free = makeRealtime({ plan: "free" });
    expect(said(direct({ realtime: free, quota, lostByCause: { quota: 120 } }))).toContain(
      'Limits: in steady state, d met those of plan free: 12 of 200 sessions never got on, 40 attempts at a stream were refused, 3 streams were ended, events were held back for up to 2,500 ms and 7 given up; 1.00 % of what was due was lost to quota. It said: "Too many connected users".',
    );
    const late = {
      ...quota,
      neverAdmitted: 0,
      refusedAttempts: 0,
      cutStreams: 0,
      droppedEvents: 0,
      words: [],
    };
    expect(said(direct({ realtime: free, quota: late }))).toContain(
      "Limits: in steady state, d met those of plan free: 0 of 200 sessions never got on",
    );
    expect(said(direct({ realtime: free }), direct({ realtime: free, bounce: "rolling" }))).toContain(
      "Limits: d met none of those of plan free (steady state and rolling).",
    );
    expect(said(direct())).toContain("nothing here says what a plan of supabase.com would carry");
  });

  it("weighs the client code against EventSource's none, and says whether there was a catch-up", () => {
    const text = said(direct());
    expect(text).toContain("ships 60 KiB (16 KiB gzipped) of client code");
    expect(text).toContain("d ran without it");
    const caughtUp = direct({
      realtime: makeRealtime({ catchUp: true }),
      recovered: 1200,
      bounce: "rolling",
    });
    expect(said(caughtUp)).toContain("it brought back 10.0 % of what was due across rolling.");
  });
});

describe("which needs Realtime fits", () => {
  const fits = (...runs: RunParts[]): string => realtimeFits(groupsOf(...runs)).join("\n");
  const lost = (pairs: number): RunParts => ({
    bounce: "rolling",
    lostByCause: { "while-disconnected": pairs },
  });

  it("names what is gained only where chance does not explain it", () => {
    expect(fits(direct(lost(0)), { topology: "p", ...lost(6000) })).toContain(
      "For d speaks: across rolling a smaller share lost of what was published than in p; across rolling a smaller share missed than in p.",
    );
    expect(fits(direct(lost(0)), { topology: "p", ...lost(10) })).toContain(
      "Nothing measured here speaks for d",
    );
    expect(fits(direct(lost(0)))).toContain("Nothing measured here can speak for d");
    const [uncut, cut] = [0, 70].map((count) => ({ ...lost(10), bounces: [bounceOf("rolling", count)] }));
    expect(fits(direct(uncut), { topology: "p", ...cut }, { topology: "q", ...cut })).toContain(
      "For d speaks only that none of its streams was cut across rolling, unlike in p and q: in no bounce of the app was less lost or missed than in a topology without Realtime, beyond chance.",
    );
  });

  it("names what is paid, and takes no stand-in's latency for it", () => {
    const outage = direct({
      bounce: "realtime-outage",
      bounces: [bounceOf("realtime-outage", 200)],
      lostByCause: { "while-disconnected": 1200 },
    });
    expect(fits(direct(), outage)).toContain(
      "Against d speaks: one more part, whose outage cut 200 streams and lost 10.0 % of what was due, 16 KiB of client code, gzipped and a way of its own for every event (p99 7.4 ms in steady state).",
    );
    const text = fits(direct({ realtime: makeRealtime({ standIn: true }), lostByCause: { quota: 5 } }));
    expect(text).toContain("what that costs was not measured here");
    expect(text).toContain("limits, to which it lost events undisturbed");
    expect(text).not.toContain("p99");
    const held = {
      neverAdmitted: 0,
      refusedAttempts: 0,
      cutStreams: 0,
      droppedEvents: 0,
      heldBackMs: 2_500,
      words: [],
    };
    expect(fits(direct({ quota: held }))).toContain(
      "limits, for which its events were held back for up to 2,500 ms undisturbed",
    );
    expect(text).toContain("Its latency was a stand-in's, so nothing can be chosen by it.");
  });
});
