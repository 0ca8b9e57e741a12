import { describe, expect, it } from "vitest";
import { realtimeFindings } from "./realtime-findings.ts";
import { realtimeFits } from "./realtime-fits.ts";
import { groupRuns } from "../summary/run-group.ts";
import { makeRealtime, makeRun, type RunParts } from "../test-support.ts";

const groupsOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun));
const latency = (p50: number, p99: number) => ({ p50, p90: p99, p99, p999: p99, max: p99 });
const direct = (parts: RunParts = {}): RunParts => ({
  topology: "d",
  realtime: makeRealtime(),
  ...parts,
});
const bounceOf = (
  kind: "rolling" | "realtime-outage",
  cut: number | null,
  open: number | null = 200,
) => ({
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

describe("the figures on Realtime", () => {
  it("are empty without a topology that has it, or without a trusted run", () => {
    expect(realtimeFindings(groupsOf({}, { bounce: "rolling" }))).toEqual([]);
    expect(realtimeFindings(groupsOf(direct({ verdict: "unknown" })))).toEqual([]);
  });

  it("compare the latency with every lossless topology, as difference and ratio", () => {
    const lossy = { topology: "lossy", lostByCause: { "no-route": 8000 } };
    const text = said(
      direct({ latencyMs: latency(5, 20) }),
      { topology: "p", latencyMs: latency(2, 25) },
      { ...lossy, latencyMs: latency(1, 2) },
    );
    expect(text).toContain(
      "In steady state, the latency of d was 5.0 ms (p50) and 20.0 ms (p99). Compared with " +
        "p, at 2.0 ms (p50) and 25.0 ms (p99), that is +3.0 ms (x 2.50) and -5.0 ms (x 0.80).",
    );
    expect(text).not.toContain("lossy");
    expect(said(direct())).toContain("No topology without Realtime was measured beside it");
  });

  it("mark a stand-in's latency, but not the real server's, as meaningless", () => {
    const text = said(direct({ realtime: makeRealtime({ part: "s", standIn: true }) }), {
      topology: "p",
    });
    expect(text).toContain("the latency of d (s) was");
    expect(text).toContain("A stand-in was measured, so this latency says nothing about Supabase.");
    expect(said(direct(), { topology: "p" })).not.toContain("stand-in");
  });

  it("split the extra hop into its parts if they are known", () => {
    const figures = (p50: number, p99: number) => ({ p50, p90: p99, p99, max: p99 });
    const brokerHop = { waitedMs: figures(1, 3), carriedMs: figures(2, 6) };
    expect(said(direct({ brokerHop }))).toContain(
      "waited 1.0 ms (p50) and 3.0 ms (p99) at the publisher. The extra hop to the client " +
        "took 2.0 ms and 6.0 ms",
    );
    expect(said(direct())).not.toContain("waited");
  });

  it("show what an outage cut and lost, and when all streams were back", () => {
    const outage = direct({
      bounce: "realtime-outage",
      lostByCause: { "while-disconnected": 1200 },
      bounces: [bounceOf("realtime-outage", 200)],
      reconnects: {
        count: 200,
        downtimeMs: null,
        timeTo95Ms: 8000,
        timeTo100Ms: 8012,
        peakPerSecond: 200,
      },
    });
    expect(said(outage)).toContain(
      "Dependence: an outage of Realtime in d cut 200 of 200 open streams and lost 10.0 % of " +
        "published events. The last stream was back 8,012 ms after its start.",
    );
    expect(said({ ...outage, bounces: [bounceOf("realtime-outage", null, null)] })).toContain(
      "an outage of Realtime in d lost 10.0 % of published events",
    );
    expect(said(direct({ bounce: "realtime-outage" }))).toContain("Some streams never came back");
  });

  it("compare a bounce of the app with the same bounce of other topologies", () => {
    const rolling = { bounce: "rolling" as const };
    const text = said(
      direct({
        ...rolling,
        neverPublished: 1200,
        bounces: [bounceOf("rolling", 0), bounceOf("rolling", 0)],
      }),
      {
        ...rolling,
        topology: "p",
        bounces: [bounceOf("rolling", 67), bounceOf("rolling", 70)],
        lostByCause: { "while-disconnected": 600 },
      },
    );
    expect(text).toContain(
      "During rolling deploys, streams cut: 0 in d, compared with 137 in p; share lost: 0 % " +
        "in d, compared with 5.00 % in p. Its pipelines still died with their instance: 10.0 % " +
        "of due events were never published.",
    );
  });

  it("name exceeded limits, their effects and messages, or the plan that sufficed", () => {
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
      "Limits: in steady state, d exceeded plan free. 12 of 200 sessions never got a stream, " +
        "40 connection attempts were refused, and 3 streams were cut. Publishers held events " +
        "back for up to 2,500 ms and dropped 7. Lost to quota: 1.00 % of due events. Its " +
        'messages: "Too many connected users".',
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
      "Limits: in steady state, d exceeded plan free. 0 of 200 sessions never got a stream",
    );
    expect(
      said(direct({ realtime: free }), direct({ realtime: free, bounce: "rolling" })),
    ).toContain("Limits: d stayed within plan free (steady state and rolling).");
    expect(said(direct())).toContain("nothing here shows what a supabase.com plan can carry");
  });

  it("compare the client code with EventSource's none, and report the catch-up", () => {
    const text = said(direct());
    expect(text).toContain("ships 60 KiB (16 KiB gzipped) of client code");
    expect(text).toContain("d ran without it");
    const caughtUp = direct({
      realtime: makeRealtime({ catchUp: true }),
      recovered: 1200,
      bounce: "rolling",
    });
    expect(said(caughtUp)).toContain(
      "which recovered 10.0 % of due events during rolling deploys.",
    );
  });
});

describe("points for and against Realtime", () => {
  const fits = (...runs: RunParts[]): string => realtimeFits(groupsOf(...runs)).join("\n");
  const lost = (pairs: number): RunParts => ({
    bounce: "rolling",
    lostByCause: { "while-disconnected": pairs },
  });

  it("list a gain only beyond chance", () => {
    expect(fits(direct(lost(0)), { topology: "p", ...lost(6000) })).toContain(
      "In favour of d: during rolling deploys, a smaller share of published events was lost " +
        "than in p; during rolling deploys, a smaller share of events was missed than in p.",
    );
    expect(fits(direct(lost(0)), { topology: "p", ...lost(10) })).toContain(
      "Nothing measured favours d",
    );
    expect(fits(direct(lost(0)))).toContain("These figures cannot favour d");
    const [uncut, cut] = [0, 70].map((count) => ({
      ...lost(10),
      bounces: [bounceOf("rolling", count)],
    }));
    expect(fits(direct(uncut), { topology: "p", ...cut }, { topology: "q", ...cut })).toContain(
      "In favour of d: only that no stream was cut during rolling deploys, unlike in p and " +
        "q; no bounce of the app reduced losses or missed events by more than chance.",
    );
  });

  it("list the costs, without a stand-in's latency", () => {
    const outage = direct({
      bounce: "realtime-outage",
      bounces: [bounceOf("realtime-outage", 200)],
      lostByCause: { "while-disconnected": 1200 },
    });
    expect(fits(direct(), outage)).toContain(
      "Against d: one more component, whose outage cut 200 streams and lost 10.0 % of published " +
        "events, 16 KiB of gzipped client code and an extra hop for every event (p99 latency " +
        "7.4 ms in steady state).",
    );
    const text = fits(
      direct({ realtime: makeRealtime({ standIn: true }), lostByCause: { quota: 5 } }),
    );
    expect(text).toContain("whose outage cuts every stream (not measured here)");
    expect(text).toContain("limits that made it lose events in steady state");
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
      "limits that held its events back for up to 2,500 ms in steady state",
    );
    expect(text).toContain("Its latency was measured on a stand-in, so do not choose by it.");
  });
});
