/** Arbitrary summaries for property tests. */
import fc from "fast-check";
import type { RunResult } from "../checker/run-result.ts";
import { BOUNCE_NAMES, CAUSE_NAMES, ROLE_NAMES, SOURCE_NAMES, VERDICT_NAMES } from "./glossary.ts";
import { CLIENTS, type Summary } from "./summary/summary.ts";
import { makeRun, makeSummary } from "./test-support.ts";

// Names and sentences as hostile as a file can hold: cell borders, tags, quotes, line breaks,
// control characters.
const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20, unit: "binary" }),
  fc.constantFrom(
    "a|b",
    "<b>&amp;",
    "]]>",
    "line\nbreak",
    "\u001b[31mred",
    "\\|",
    "__proto__",
    "$&",
  ),
);
const pairs = fc.nat({ max: 5_000_000 });
const time = fc.double({ min: 0, max: 1e7, noNaN: true });
const bytes = fc.double({ min: 0, max: 1e12, noNaN: true });
const level = fc.tuple(bytes, bytes).map(([first, more]) => ({ first, peak: first + more }));
const anyCost: fc.Arbitrary<RunResult["costs"][number]> = fc.record({
  part: text,
  role: fc.constantFrom(...ROLE_NAMES),
  source: fc.constantFrom(...SOURCE_NAMES),
  cpuSeconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
  memoryBytes: level,
  socketMemoryBytes: fc.option(level),
  receivedBytes: fc.option(bytes),
  sentBytes: fc.option(bytes),
  steady: fc.option(
    fc.record({
      seconds: time,
      streams: time,
      cores: time,
      receivedBytesPerSecond: fc.option(time),
      sentBytesPerSecond: fc.option(time),
    }),
  ),
});

const anyRealtime: fc.Arbitrary<NonNullable<RunResult["realtime"]>> = fc.record({
  part: text,
  standIn: fc.boolean(),
  plan: text,
  publish: fc.constantFrom("http", "websocket"),
  catchUp: fc.boolean(),
  frontEnd: fc.record({ minifiedBytes: pairs, gzippedBytes: pairs }),
});
const hop = fc.record({ p50: time, p90: time, p99: time, max: time });

const percentiles = { p50: time, p90: time, p99: time, p999: time, max: time };
const durations = fc.record({ samples: pairs, ...percentiles });
const latency = fc.record({
  samples: pairs,
  ...percentiles,
  resolved: fc.boolean(),
  floorMs: time,
});
const requests = fc.record({
  count: pairs,
  failed: pairs,
  retries: pairs,
  durationMs: fc.option(durations),
});
const steps = fc.record({
  create: requests,
  connect: requests,
  start: requests,
  gate: requests,
  begin: requests,
});
const spread = fc.record({ streams: pairs, mean: time, deviation: time });
const anyFigures = {
  latency: fc.option(fc.record({ total: latency, lateness: latency, delivery: latency })),
  recoveredDelayMs: fc.option(durations),
  newUsers: fc.option(fc.record({ during: steps, outside: steps })),
  deploy: fc.option(
    fc.record({
      lengthS: fc.option(time),
      running: pairs,
      killed: pairs,
      killedNewcomers: pairs,
      outlasting: fc.option(fc.record({ pipelines: pairs, killed: pairs, graceS: time })),
      open: pairs,
      dark: pairs,
      blackoutS: fc.record({ livedOn: spread, doomed: spread }),
      stuckLivedOn: fc.record({ stuck: pairs, of: pairs }),
      away: fc.record({
        cut: pairs,
        neverBack: pairs,
        p50Ms: fc.option(time),
        p99Ms: fc.option(time),
      }),
      storm: fc.record({
        peakPerSecond: pairs,
        peakPerCutStream: fc.option(time),
        curve: fc.array(pairs, { maxLength: 5 }),
      }),
      collateral: pairs,
      withoutLedger: fc.option(fc.record({ missed: spread, stuck: pairs, of: pairs })),
    }),
  ),
  steady: fc.option(
    fc.record({
      streamHours: time,
      lost: pairs,
      incidents: pairs,
      lossesPerStreamHour: time,
      incidentsPerStreamHour: time,
      incidentsPerStreamHourAtMost: time,
    }),
  ),
};

const anyArrivals: fc.Arbitrary<NonNullable<RunResult["withoutLedger"]>> = fc.record({
  sequence: fc.boolean(),
  total: fc.boolean(),
  terminal: fc.boolean(),
  missedIn: fc.record({
    "never-connected": pairs,
    "nothing-arrived": pairs,
    "on-a-stream": pairs,
    "at-a-reconnect": pairs,
    "after-last": pairs,
  }),
  events: pairs,
  perSession: spread,
  silenceMs: fc.option(durations),
});

const anyRun: fc.Arbitrary<RunResult> = fc
  .record({
    topology: text,
    bounce: fc.constantFrom(...BOUNCE_NAMES),
    repeat: fc.integer({ min: 1, max: 5 }),
    verdict: fc.constantFrom(...VERDICT_NAMES),
    expectation: text,
    reasons: fc.array(text, { maxLength: 2 }),
    sessions: pairs,
    delivered: pairs,
    recovered: pairs,
    neverPublished: pairs,
    missed: pairs,
    withoutLedger: fc.option(anyArrivals),
    indeterminate: pairs,
    losses: fc.array(fc.tuple(fc.constantFrom(...CAUSE_NAMES), pairs), { maxLength: 3 }),
    stuckStreams: pairs,
    latencyMs: fc.option(fc.record({ p50: time, p90: time, p99: time, p999: time, max: time })),
    ...anyFigures,
    reconnects: fc.record({
      count: pairs,
      downtimeMs: fc.option(fc.record({ p50: time, p99: time, max: time })),
      timeTo95Ms: fc.option(time),
      timeTo100Ms: fc.option(time),
      peakPerSecond: pairs,
    }),
    affinity: fc.record({
      hitRatio: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      misroutes: pairs,
    }),
    sessionsPerInstance: fc.dictionary(
      text.filter((key) => key !== "__proto__"),
      fc.record({ first: pairs, last: pairs }),
      { maxKeys: 3, noNullPrototype: true },
    ),
    bounces: fc.array(
      fc.record({
        kind: fc.constantFrom(...BOUNCE_NAMES),
        target: text,
        startedMs: time,
        endedMs: fc.option(time),
        open: fc.option(pairs),
        cut: fc.option(pairs),
        lost: pairs,
        reconnects: pairs,
      }),
      { maxLength: 3 },
    ),
    steps: fc.option(
      fc.array(
        fc.record({
          name: text,
          startedMs: time,
          endedMs: fc.option(time),
          allowedCauses: fc.subarray([...CAUSE_NAMES]),
          due: pairs,
          delivered: pairs,
          recovered: pairs,
          lost: pairs,
          neverPublished: pairs,
          missed: pairs,
          indeterminate: pairs,
          lostByCause: fc.constantFrom({}, { "no-route": 3 }),
          published: pairs.map((more) => more + 5_000_000),
          overBroker: pairs,
          failed: fc.record({ requests: pairs, streams: pairs }),
          cut: pairs,
          deliveryMs: fc.option(durations),
        }),
        { maxLength: 3 },
      ),
    ),
    costs: fc.array(anyCost, { maxLength: 4 }),
    realtime: fc.option(anyRealtime),
    brokerHop: fc.option(fc.record({ waitedMs: hop, carriedMs: hop })),
    quota: fc.option(
      fc.record({
        neverAdmitted: pairs,
        refusedAttempts: pairs,
        cutStreams: pairs,
        droppedEvents: pairs,
        heldBackMs: fc.nat(20_000),
        words: fc.array(text, { maxLength: 2 }),
      }),
    ),
  })
  .map(({ losses, delivered, ...rest }) => {
    const lostByCause = Object.fromEntries(losses);
    const lost = Object.values(lostByCause).reduce((sum, each) => sum + each, 0);
    const { recovered, neverPublished, missed, indeterminate } = rest;
    const due = lost + delivered + recovered + neverPublished + missed + indeterminate;
    const stuckStreams = Math.min(rest.stuckStreams, rest.sessions);
    return makeRun({ ...rest, stuckStreams, due, lostByCause });
  });

/** Any summary that the schema accepts. */
export const anySummary: fc.Arbitrary<Summary> = fc
  .tuple(fc.array(anyRun, { maxLength: 6 }), fc.constantFrom(...CLIENTS), text)
  .map(([runs, client, platform]) => makeSummary(runs, { client, platform }));
