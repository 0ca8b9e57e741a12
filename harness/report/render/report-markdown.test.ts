import { BOUNCE_NAMES } from "../glossary.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import { CAUSE_GLOSSARY } from "../glossary.ts";
import { renderReport } from "./report-markdown.ts";
import { type Summary } from "../summary/summary.ts";
import { anySummary } from "../any-summary.ts";
import {
  makeCost,
  makeDeploy,
  makeManifest,
  makeRealtime,
  makeRun,
  makeSummary,
} from "../test-support.ts";

const render = (summary: Summary): string => renderReport(summary, makeManifest(summary));

/** Fields of RunResult that report.md deliberately does not show: costs are of steady state. */
const LEFT_OUT: readonly RegExp[] = [
  /^costs\./,
  /^(order|load\.host)$/,
  // What others are worked out from, or what only decides how they are shown.
  /^deploy\.(lengthS|killedNewcomers|open|dark|away\.cut|storm\.(peakPerSecond|curve\.\d+))$/,
  /^deploy\.blackoutS\.livedOn\.streams$/,
];

const fullRun = () =>
  makeRun({
    bounce: "rolling",
    reasons: ["Something was noted."],
    lostByCause: Object.fromEntries(
      Object.keys(CAUSE_GLOSSARY).map((cause, i) => [cause, 100 + i]),
    ),
    recovered: 31,
    neverPublished: 17,
    indeterminate: 5,
    duplicated: 3,
    reordered: 2,
    unexpected: 1,
    stuckStreams: 9,
    gates: { offered: 40, answered: 38, reachedPipeline: 37, stalled: 3 },
    reconnects: {
      count: 70,
      downtimeMs: { p50: 310, p99: 900, max: 1500 },
      timeTo95Ms: 2100,
      timeTo100Ms: 3300,
      peakPerSecond: 55,
    },
    bounces: [
      {
        kind: "rolling",
        target: "server-1",
        startedMs: 2000,
        endedMs: 2900,
        open: 180,
        cut: 70,
        lost: 50,
        reconnects: 70,
      },
    ],
    costs: [makeCost()],
  });

const NULL_AS_A_WHOLE =
  /^(realtime|brokerHop|quota|deploy|latency|steady|newUsers|stuck|recoveredDelayMs|withoutLedger|steps)$/;

/** A run with the headline figures of a deploy. */
const deployRun = () => {
  const durations = { samples: 9, p50: 1, p90: 2, p99: 3, p999: 4, max: 5 };
  const requests = { count: 5, failed: 1, retries: 2, durationMs: durations };
  const part = { ...durations, resolved: true, floorMs: 0 };
  const steps = {
    create: requests,
    connect: requests,
    start: requests,
    gate: requests,
    begin: requests,
  };
  return makeRun({
    bounce: "rolling",
    stuckStreams: 15,
    stuck: { died: 1, terminalLost: 2, gaveUp: 3, neverStarted: 4, open: 5, untold: 0 },
    deploy: makeDeploy({ stuckLivedOn: { stuck: 3, of: 50 } }),
    latency: { total: part, lateness: part, delivery: part },
    recoveredDelayMs: durations,
    newUsers: { during: steps, outside: steps },
  });
};

/** A run of a service that keeps no ledger. */
const untoldRun = (sequence = true) => {
  const run = deployRun();
  return makeRun({
    ...run,
    missed: 40,
    stuck: { ...run.stuck!, untold: 7 },
    deploy: makeDeploy({
      withoutLedger: { missed: { streams: 9, mean: 2, deviation: 1 }, stuck: 3, of: 9 },
    }),
    withoutLedger: {
      sequence,
      total: true,
      terminal: true,
      missedIn: {
        "never-connected": 1,
        "nothing-arrived": 2,
        "on-a-stream": 3,
        "at-a-reconnect": 4,
        "after-last": 30,
      },
      events: 900,
      perSession: { streams: 15, mean: 60, deviation: 3 },
      silenceMs: run.recoveredDelayMs,
    },
  });
};

/** A run of a topology whose clients subscribe to Realtime directly. */
const directRun = () =>
  makeRun({
    realtime: makeRealtime({ plan: "free" }),
    brokerHop: {
      waitedMs: { p50: 1.5, p90: 2.5, p99: 3.5, max: 4.5 },
      carriedMs: { p50: 5.5, p90: 6.5, p99: 7.5, max: 8.5 },
    },
    quota: {
      neverAdmitted: 11,
      refusedAttempts: 22,
      cutStreams: 33,
      droppedEvents: 44,
      heldBackMs: 5_500,
      words: ["Too many"],
    },
  });

/** A run with nothing but costs to it, of every kind. */
const costedRun = () =>
  makeRun({
    costs: [
      makeCost({
        source: "cgroup",
        socketMemoryBytes: { first: 4096, peak: 900_000 },
        receivedBytes: 7_000_000,
        sentBytes: 90_000_000,
      }),
      makeCost({ part: "traefik", role: "router" }),
      makeCost({ part: "valkey", role: "broker" }),
    ],
  });

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const leaves = (value: Json, path: readonly string[] = []): string[][] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
    : [[...path]];

const isBounce = (value: Json): boolean => (BOUNCE_NAMES as readonly Json[]).includes(value);

const changeLeaf = (value: Json, [key, ...rest]: readonly string[]): Json => {
  // Only a kind of bounce that exists has words.
  if (key === undefined && isBounce(value)) return value === "none" ? "rolling" : "none";
  if (key === undefined)
    return typeof value === "number" ? value * 2 + 1 : `${JSON.stringify(value)}x`;
  const copy = structuredClone(value) as Record<string, Json>;
  copy[key] = changeLeaf(copy[key] ?? null, rest);
  return copy;
};

/** The rows of every table: their cells, unescaped borders being the only separators. */
const tables = (report: string): number[][] =>
  report
    .split("\n\n")
    .filter((block) => block.startsWith("| "))
    .map((block) =>
      block
        .trimEnd()
        .split("\n")
        .map((row) => row.split("|").length),
    );

it("says which topologies ran in steady state only, and what bounces had of their own", () => {
  const summary = makeSummary([makeRun({ topology: "naive" }), makeRun({ bounce: "crash" })]);
  expect(render(summary)).not.toContain("in steady state only");
  const { scenario } = summary;
  const skipped = [{ topology: "naive", bounce: "crash" as const, why: "as asked" }];
  const bounceSettings = { "crash.for": 5 };
  const report = render({ ...summary, scenario: { ...scenario, skipped, bounceSettings } });
  expect(report).toContain(", naive in steady state only, `crash.for=5`. Measured on");
});

describe("report.md", () => {
  const pathsOf = (run: RunResult): string[] =>
    leaves(run as unknown as Json).map((path) => path.join("."));

  const tellsApart = (base: RunResult, path: string): boolean => {
    const changed = changeLeaf(base as unknown as Json, path.split(".")) as unknown as RunResult;
    // The head of the report comes from the scenario, so it must not follow the run.
    const { scenario } = makeSummary([base]);
    return (
      render(makeSummary([base], { scenario })) !== render(makeSummary([changed], { scenario }))
    );
  };

  it.each(pathsOf(directRun()).filter((path) => /^(realtime|brokerHop|quota)\./.test(path)))(
    "distinguishes Realtime runs that differ only in %s",
    (path) => expect(tellsApart(directRun(), path)).toBe(true),
  );

  it("names the engine's stand-in, and shows a dash for unknown usage", () => {
    const { load } = makeRun();
    const run = makeRun({ load: { ...load, cpuSeconds: null, rssBytes: null } });
    const report = render(makeSummary([run], { engine: "k6", engineStandIn: "k6-double" }));
    const head = report.split("## Comparison")[0];
    expect(head).toContain("engine `k6` (k6-double, a contract double, not k6)");
    expect(head).toContain(
      "**The load was made by k6-double, a contract double, not k6. Losses and",
    );
    expect(report).toMatch(/1\.1 ms \| +6\.0 ms \| +– \| +– \|/);
    expect(render(makeSummary([run], { engine: "k6" }))).not.toContain("double");
  });

  it("names a stand-in at the top, in every table, and below the latencies", () => {
    const run = makeRun({ realtime: makeRealtime({ part: "lab-standin", standIn: true }) });
    const report = render(makeSummary([run]));
    expect(report.split("\n## ")[0]).toContain(
      "**lab-standin served as Supabase Realtime in phase9. ",
    );
    expect(report.split("\n## Comparison")[1]).toMatch(/^[^#]*\| phase9 \(lab-standin\) \|/);
    expect(report.split("\n## Latency\n")[1]?.split("\n## ")[0]).toContain(
      "say nothing about Supabase.",
    );
    expect(report).toContain("- stand-in: ");
    expect(render(makeSummary([makeRun()]))).not.toMatch(/stand-in|Realtime in numbers/);
    expect(render(makeSummary([makeRun({ realtime: makeRealtime() })]))).not.toMatch(
      /standin|\(realtime\)/,
    );
  });

  it("excludes streams without an instance from affinity and balance, and says so", () => {
    const report = render(makeSummary([makeRun({ realtime: makeRealtime() })]));
    const [, block = ""] = report.split("## Affinity and balance");
    expect(block.split("\n## ")[0]).toContain("phase9 is left out: streams go to Realtime");
    expect(block.split("\n## ")[0]).not.toContain("|");
  });

  it("names the client model, which differs with Realtime", () => {
    const head = (...runs: RunResult[]): string =>
      render(makeSummary(runs)).split("## Comparison")[0] ?? "";
    const direct = makeRun({ topology: "d", realtime: makeRealtime() });
    expect(head(makeRun())).toContain(", client model `retrying`, engine");
    expect(head(direct)).toContain(", client model `realtime`, engine");
    expect(head(makeRun(), direct)).toContain(
      ", client model `retrying` (in d `realtime`), engine",
    );
  });

  it("names Realtime's set-up if it is not the default", () => {
    const summary = makeSummary([makeRun({ realtime: makeRealtime() })]);
    const scenario = {
      ...summary.scenario,
      ...({
        catchUp: true,
        realtimePlan: "pro",
        realtimePublish: "websocket",
        overQuota: true,
      } as const),
    };
    expect(render({ ...summary, scenario }).split("## Comparison")[0]).toContain(
      ", catch-up from an event log in topologies with Realtime, Realtime with the limits of " +
        "plan pro, a load that may exceed these limits, published to Realtime by websocket.",
    );
  });

  // A field that is null as a whole is changed by what is in it: see the run over Realtime above.
  it.each(pathsOf(fullRun()).filter((path) => !NULL_AS_A_WHOLE.test(path) && path !== "missed"))(
    "distinguishes runs that differ only in %s",
    (path) => {
      expect(tellsApart(fullRun(), path)).toBe(!LEFT_OUT.some((left) => left.test(path)));
    },
  );

  it.each(
    pathsOf(deployRun()).filter(
      (path) =>
        !/withoutLedger|untold|outlasting/.test(path) &&
        /^(deploy|stuck|newUsers\.during)\.(?!.*durationMs\.(samples|p90|p999|max))/.test(path),
    ),
  )("distinguishes deploys that differ only in %s", (path) => {
    expect(tellsApart(deployRun(), path)).toBe(!LEFT_OUT.some((left) => left.test(path)));
  });

  it.each([
    "missed",
    "stuck.untold",
    "withoutLedger.sequence",
    "withoutLedger.terminal",
    ...Object.keys(untoldRun().withoutLedger?.missedIn ?? {}).map(
      (place) => `withoutLedger.missedIn.${place}`,
    ),
    "withoutLedger.perSession.mean",
    "withoutLedger.silenceMs.p99",
    "deploy.withoutLedger.missed.mean",
    "deploy.withoutLedger.stuck",
    "deploy.withoutLedger.of",
  ])("distinguishes runs without a ledger that differ only in %s", (path) => {
    const numbered = !path.includes("perSession");
    expect(tellsApart(untoldRun(numbered), path)).toBe(true);
  });

  it("shows the parts of latency, and what the engine hides", () => {
    const run = deployRun();
    const hidden = { ...run.latency!.delivery, resolved: false };
    expect(render(makeSummary([run]))).toContain("| 1.0 ms | 3.0 ms |");
    expect(
      render(makeSummary([{ ...run, latency: { ...run.latency!, delivery: hidden } }])),
    ).toContain("| at most 1.0 ms | at most 3.0 ms |");
  });

  it.each(pathsOf(costedRun()).filter((path) => /^costs\..*(?<!steady)$/.test(path)))(
    "distinguishes steady-state runs that differ only in %s",
    (path) => expect(tellsApart(costedRun(), path)).toBe(true),
  );

  it("renders any valid summary; no outside text breaks a table or becomes HTML", () => {
    fc.assert(
      fc.property(anySummary, (summary) => {
        const report = render(summary);
        expect(report).toMatch(/^# .+\n/);
        expect(report.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
        expect(report).not.toMatch(/undefined|NaN|Infinity|<b>/);
        for (const widths of tables(report)) expect(new Set(widths).size).toBe(1);
      }),
    );
  });

  it("never presents an interrupted comparison as complete", () => {
    const run = makeRun({ topology: "x" });
    const whole = makeSummary([run]);
    const scenario = { ...whole.scenario, topologies: ["x", "y"], repeat: 2 };
    for (const finishedAt of [null, whole.finishedAt]) {
      const report = render(makeSummary([run], { scenario, finishedAt }));
      expect(report).toContain(
        "**Verdicts:** **Interrupted after 1 of 4 runs: 3 are missing.** 1 run: 1 valid",
      );
      expect(report).toMatch(
        /## Which topology fits\n\n\*\*3 runs are missing,.* every run of y and some runs of x/,
      );
    }
    expect(render(makeSummary([run], { finishedAt: null }))).toContain(
      "interrupted before the end",
    );
    expect(render(whole)).not.toMatch(/interrupted|missing/i);
  });

  it("says that nothing was measured if there is no run", () => {
    const report = render(makeSummary([]));
    expect(report).toContain("Nothing was measured: this summary contains no run.");
    expect(tables(report)).toEqual([]);
  });

  it("shows one figure for one run, and the mean with its interval for repeats", () => {
    const p99 = (run: number) => ({ p50: 1, p90: 2, p99: run, p999: 90, max: 99 });
    const once = render(makeSummary([makeRun({ latencyMs: p99(7) })]));
    expect(once).toContain("| 7.0 ms |");
    expect(once).not.toContain("5.0 ms [");
    const thrice = render(
      makeSummary([4, 5, 6].map((value, i) => makeRun({ repeat: i + 1, latencyMs: p99(value) }))),
    );
    expect(thrice).toContain("| 5.0 ms [2.5 ms–7.5 ms] |");
    expect(thrice).toContain("95 % interval");
  });

  it("uses only trusted repeats, and says which are not trusted and why", () => {
    const report = render(
      makeSummary([
        makeRun({ verdict: "unknown", reasons: ["the publisher was silent"], due: 1 }),
        makeRun({ repeat: 2 }),
      ]),
    );
    expect(report).toContain("**1 run cannot be trusted:**");
    expect(report).toContain("| 1 valid, 1 unknown |  0 % |");
    expect(report).toContain("phase9, steady state, repeat 1: unknown. The publisher was silent.");
  });

  it("concludes nothing if every run is unknown", () => {
    const report = render(makeSummary([makeRun({ verdict: "unknown", reasons: ["no drain"] })]));
    expect(report).toContain(
      "**No run can be trusted: no figure below says anything about a topology.**",
    );
    expect(report).toContain(
      "No run can be trusted, so these figures do not show which topology fits.",
    );
    expect(report).not.toContain("## What was lost");
  });

  it("shows notes of valid runs too, once for equal repeats", () => {
    const reasons = ["Redis was stopped before the start."];
    const report = render(makeSummary([makeRun({ reasons }), makeRun({ reasons, repeat: 2 })]));
    expect(report).toContain(
      "- phase9, steady state, repeats 1 and 2: valid. Redis was stopped before the start.",
    );
  });

  it("has a gates table only if there were gates", () => {
    const gates = { offered: 4, answered: 3, reachedPipeline: 2, stalled: 1 };
    expect(render(makeSummary([makeRun()]))).not.toContain("## Gates");
    expect(render(makeSummary([makeRun({ gates })]))).toMatch(
      /## Gates[^#]*\| +4 \| +3 \| +2 \| +1 \|/,
    );
  });

  it("names the grace if it is not the default", () => {
    const summary = makeSummary([makeRun()]);
    const headWith = (graceS: number): string =>
      render({ ...summary, scenario: { ...summary.scenario, graceS } }).split("## Comparison")[0] ??
      "";
    expect(headWith(10)).not.toContain("grace");
    expect(headWith(0)).toContain(
      ", no grace: a bounce kills the instances that it stops at once.",
    );
    expect(headWith(30)).toContain(
      ", a bounce kills the instances that it stops after 30 s of grace.",
    );
  });

  it("names the platform and its components, in any order of the manifest's keys", () => {
    const summary = makeSummary([makeRun()], { platform: "docker" });
    const versions = {
      valkey: "9.1.2 (built here)",
      lab: "0.1.0",
      node: "20.20.2",
      traefik: "3.7.15 (pulled)",
    };
    const serverSettings = { b: 1, A: "x", c: null };
    const report = renderReport(summary, makeManifest(summary, { versions, serverSettings }));
    expect(report.split("## Comparison")[0]).toContain(
      "**Made of:** platform docker, with lab 0.1.0, node 20.20.2, traefik 3.7.15 (pulled), " +
        "valkey 9.1.2 (built here).",
    );
    const reversed = <T extends object>(object: T): T =>
      Object.fromEntries(Object.entries(object).reverse()) as T;
    expect(
      renderReport(
        summary,
        makeManifest(summary, {
          versions: reversed(versions),
          serverSettings: reversed(serverSettings),
        }),
      ),
    ).toBe(report);
  });

  it("shows costs per 1,000 streams only if they were read", () => {
    const report = render(makeSummary([costedRun()]));
    expect(report).toContain("## What each topology costs per 1,000 streams");
    expect(report).toContain("Scaled linearly from 200 streams: nothing was measured at 1,000.");
    expect(report).toMatch(
      /\*\*Costs\*\*\n\n- cores per 1,000 streams: .*\n[^#]*- cgroup: .*\n- procfs: /,
    );
    const without = render(makeSummary([makeRun()]));
    expect(without).not.toMatch(/1,000 streams|\*\*Costs\*\*/);
  });

  it("confirms or refutes affinity and balance beside their table", () => {
    const affinity = { hitRatio: 1, misroutes: 0 };
    const report = render(
      makeSummary([makeRun({ affinity }), makeRun({ affinity, bounce: "rolling" })]),
    );
    const [, block = ""] = report.split("## Affinity and balance");
    expect(block).toContain("A 100 % affinity hit rate in steady state is confirmed for phase9.");
    expect(block).toContain("During rolling deploys, uneven load is refuted for phase9");
    expect(block).toMatch(/\| +100 % \| +0 \| 100 → 100 \| 100 → 100 \| 50.0 % → 50.0 % \|/);
  });
});
