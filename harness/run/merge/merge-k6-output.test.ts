import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LedgerRecord } from "../../../server/src/contract/ledger.ts";
import type { RunResult } from "../../checker/run-result.ts";
import type { Observation } from "../../history/observation.ts";
import {
  LINE_MARK,
  type K6LogLine,
  type K6LogRecord,
  type PlanRecord,
} from "../../load/portable/k6-log-records.ts";
import type { PlannedLoad } from "../../load/portable/load-plan.ts";
import { scheduleSessions } from "../../load/portable/load-schedule.ts";
import { parseManifest } from "../../report/summary/manifest.ts";
import { UserError } from "../../../common/user-error.ts";
import { rebuildReport } from "../results/rebuild-report.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sse-lab-merge-"));
  await mkdir(join(dir, "ledgers"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const plan: PlannedLoad = {
  url: "http://lab.test:8080",
  client: "retrying",
  arrival: "ramp",
  sessions: 4,
  eventsPerSecond: 4,
  durationS: 2,
  pipelineS: 2,
  warmUpS: 0,
  rampS: 1,
  jitter: "full",
  heartbeatS: 15,
  drainS: 2,
  gates: 0,
  payloadBytes: 20,
  seed: 3,
  repeat: 1,
};
const schedule = scheduleSessions(plan);
const EVENTS = 8;
/** When the load began, on the instances' clock. */
const STARTED = 50_000;

const planRecord = (change: Partial<PlanRecord> = {}): PlanRecord => ({
  type: "k6-plan",
  plan,
  topology: "phase1",
  bounce: "none",
  repeat: 1,
  replicas: 2,
  atMs: 1,
  ...change,
});

interface Process {
  /** What to add to its clock to get the instances'. */
  offset: number;
  /** Indices of its sessions. */
  sessions: readonly number[];
  instance: string;
}
const A: Process = { offset: 49_000, sessions: [0, 2], instance: "server-1" };
const B: Process = { offset: 70_000.5, sessions: [1, 3], instance: "server-2" };

const publishedMs = (index: number, seq: number): number =>
  STARTED + (schedule[index]?.arriveOffsetMs ?? 0) + 20 + (seq * 1000) / plan.eventsPerSecond - 250;

/** A process that saw everything that it should. */
const recordsOf = ({ offset, sessions, instance }: Process): K6LogRecord[] => [
  planRecord(),
  ...sessions.flatMap((index): K6LogRecord[] => {
    const session = `s${index}`;
    const dueMs = STARTED + (schedule[index]?.arriveOffsetMs ?? 0) - offset;
    const endMs = publishedMs(index, EVENTS) - offset + 3;
    return [
      { type: "k6-arrived", session, dueMs, atMs: dueMs + 1 },
      {
        type: "k6-clock",
        instance,
        askedMs: dueMs + 1.25,
        instanceMs: dueMs + offset + 2,
        answeredMs: dueMs + 2.75,
      },
      {
        type: "request",
        session,
        request: "create",
        status: 201,
        instance,
        sessionId: `id-${index}`,
        atMs: dueMs + 4,
      },
      {
        type: "connected",
        session,
        connection: 1,
        instance,
        subscribedMs: dueMs + offset + 6,
        resume: "none",
        atMs: dueMs + 7,
      },
      { type: "request", session, request: "start", status: 202, instance, atMs: dueMs + 8 },
      ...Array.from({ length: EVENTS }, (_, at): K6LogRecord => {
        const seq = at + 1;
        const atMs = publishedMs(index, seq) - offset + 2;
        return {
          type: "received",
          session,
          connection: 1,
          epoch: "e1",
          seq,
          ...(seq === EVENTS ? { terminal: true } : {}),
          atMs,
        };
      }),
      { type: "disconnected", session, connection: 1, reason: "finished", atMs: endMs },
      { type: "k6-ended", session, atMs: endMs },
    ];
  }),
];

const ledgerOf = ({ sessions, instance }: Process): LedgerRecord[] => [
  { kind: "boot", instance, pid: 1, broadcaster: "local", atMs: 1 },
  ...sessions.flatMap((index): LedgerRecord[] => {
    const of = { sessionId: `id-${index}`, epoch: "e1" };
    return [
      { kind: "pipeline", ...of, state: "started", total: EVENTS, atMs: publishedMs(index, 1) - 1 },
      ...Array.from({ length: EVENTS }, (_, at): LedgerRecord => {
        const seq = at + 1;
        const event = seq === EVENTS ? "pipeline_complete" : "section";
        const atMs = publishedMs(index, seq);
        return { kind: "published", ...of, seq, event, intendedMs: atMs, atMs, route: "local" };
      }),
      {
        kind: "pipeline",
        ...of,
        state: "completed",
        total: EVENTS,
        atMs: publishedMs(index, EVENTS) + 1,
      },
    ];
  }),
];

const lineOf = (process: string, ...records: K6LogRecord[]): string => {
  const line: K6LogLine = { v: 1, process, records };
  return `${LINE_MARK}${JSON.stringify(line)}`;
};
const asJsonLog = (message: string): string =>
  JSON.stringify({ level: "info", msg: message, source: "console" });
const linesOf = (process: string, records: readonly K6LogRecord[]): string[] =>
  records.map((record) => lineOf(process, record));
const put = (name: string, lines: readonly string[]): Promise<void> =>
  writeFile(join(dir, name), lines.map((line) => `${line}\n`).join(""));
const putLedger = (name: string, records: readonly LedgerRecord[]): Promise<void> =>
  put(
    join("ledgers", name),
    records.map((record) => JSON.stringify(record)),
  );

/** Two machines' output in two log formats, and the ledgers of both instances. */
async function plant(): Promise<void> {
  await put("one.log", ["starting", ...linesOf("a", recordsOf(A))]);
  await put("two.ndjson", linesOf("b", recordsOf(B)).map(asJsonLog));
  await putLedger("server-1.77.ndjson", ledgerOf(A));
  await putLedger("server-2.ndjson", ledgerOf(B));
}

async function judged(): Promise<RunResult> {
  const { runs } = await rebuildReport(dir);
  expect(runs).toHaveLength(1);
  return runs[0]!;
}

describe("output of k6 processes in a folder", () => {
  it(
    "is judged like any other run once it is merged, and can be rebuilt from the merged " +
      "history alone",
    async () => {
      await plant();
      const run = await judged();
      expect(run).toMatchObject({
        topology: "phase1",
        bounce: "none",
        verdict: "valid",
        due: 32,
        delivered: 32,
        lost: 0,
        stuckStreams: 0,
        load: { cpuSeconds: null, rssBytes: null },
      });
      expect(run.reasons).toEqual([
        "Merged from the output of 2 k6 processes (one.log, two.ndjson).",
        expect.stringMatching(/^The load generator uses its own clock, .* to within [\d.]+ ms:/),
      ]);
      // The clocks of both processes were converted: 2 ms lie between publication and receipt, and
      // the offset is known to 0.75 ms.
      expect(run.latencyMs?.max).toBeLessThan(3);
      expect(run.latencyMs?.p50).toBeGreaterThan(1);

      const manifest = parseManifest(
        JSON.parse(await readFile(join(dir, "manifest.json"), "utf8")),
      );
      expect(manifest).toMatchObject({
        platform: "url",
        engine: "k6",
        engineStandIn: null,
        client: "retrying",
        seed: 3,
        host: { os: "unknown", cpus: null },
        scenario: {
          topologies: ["phase1"],
          bounces: ["none"],
          repeat: 1,
          sessions: 4,
          durationS: 2,
          replicas: 2,
        },
      });
      const report = await readFile(join(dir, "report.md"), "utf8");
      expect(report).toContain("Measured on platform url with an unknown number of CPUs");

      const summary = await readFile(join(dir, "summary.json"), "utf8");
      for (const name of ["one.log", "two.ndjson", "ledgers"])
        await rm(join(dir, name), { recursive: true });
      await rebuildReport(dir);
      expect(await readFile(join(dir, "summary.json"), "utf8")).toBe(summary);
      expect(await readFile(join(dir, "report.md"), "utf8")).toBe(report);
    },
  );

  it("without ledgers leaves what never arrived indeterminate, and the verdict unknown", async () => {
    await plant();
    await rm(join(dir, "ledgers"), { recursive: true });
    const missed = recordsOf(A).filter((record) => record.type !== "received" || record.seq !== 3);
    await put("one.log", linesOf("a", missed));
    const run = await judged();
    expect(run).toMatchObject({
      verdict: "unknown",
      due: 32,
      delivered: 30,
      lost: 0,
      indeterminate: 2,
    });
    expect(run.reasons.join(" ")).toContain("No ledger was there (ledgers/<instance>*.ndjson)");
  });

  it("with the ledgers of some instances only doubts what depends on the others", async () => {
    await plant();
    await rm(join(dir, "ledgers", "server-2.ndjson"));
    const missed = recordsOf(B).filter((record) => record.type !== "received" || record.seq !== 3);
    await put("two.ndjson", linesOf("b", missed));
    const run = await judged();
    expect(run).toMatchObject({ verdict: "unknown", indeterminate: 2 });
    expect(run.reasons.join(" ")).toContain(
      "the ledger of server-2 is missing, torn or contradicts itself",
    );
  });

  it("says whose ledger is torn", async () => {
    await plant();
    const whole = await readFile(join(dir, "ledgers", "server-1.77.ndjson"), "utf8");
    await writeFile(join(dir, "ledgers", "server-1.77.ndjson"), whole.slice(0, -5));
    expect((await judged()).reasons.join(" ")).toContain("A ledger of server-1 is missing or torn");
  });

  it.each<[string, (records: K6LogRecord[]) => string[], string]>([
    [
      "a session without an end",
      (records) =>
        linesOf(
          "a",
          records.filter(({ type }) => type !== "k6-ended"),
        ),
      "k6 brought only 2 of 4 sessions to their end (4 arrived)",
    ],
    [
      "a session that never arrived",
      (records) =>
        linesOf(
          "a",
          records.filter((record) => !("session" in record && record.session === "s2")),
        ),
      "k6 brought only 3 of 4 sessions to their end (3 arrived)",
    ],
    [
      "a torn line",
      (records) => [...linesOf("a", records), lineOf("a", records[0]!).slice(0, 70)],
      "1 of the lines that the scripts wrote could not be read (one.log: a line that does not end",
    ],
    [
      "clocks that contradict each other",
      (records) => [
        ...linesOf("a", records),
        lineOf("a", {
          type: "k6-clock",
          instance: "server-1",
          askedMs: 1,
          instanceMs: 1,
          answeredMs: 2,
        }),
      ],
      "contradict",
    ],
  ])("with %s makes the verdict unknown, and says why", async (_, change, reason) => {
    await plant();
    await put("one.log", change(recordsOf(A)));
    const run = await judged();
    expect(run.verdict).toBe("unknown");
    expect(run.reasons.join(" ")).toContain(reason);
    expect(run.due).toBe(32);
  });

  it("may come from Windows: byte order marks and CRLF change nothing", async () => {
    await plant();
    await put("bounces.ndjson", [""]);
    const names = ["one.log", "two.ndjson", "bounces.ndjson"];
    names.push(...(await readdir(join(dir, "ledgers"))).map((name) => join("ledgers", name)));
    for (const name of names) {
      const text = await readFile(join(dir, name), "utf8");
      await writeFile(join(dir, name), `\uFEFF${text.replaceAll("\n", "\r\n")}`);
    }
    expect(await judged()).toMatchObject({ verdict: "valid", due: 32, delivered: 32 });
  });

  it("takes the bounces beside it, also when k6 was not told of them", async () => {
    await plant();
    const bounce = { type: "bounce", bounce: 1, kind: "crash", target: "server-2" } as const;
    const instance = { type: "instance", instance: "server-2" } as const;
    const told: Observation[] = [
      { ...bounce, state: "started", atMs: STARTED + 1500 },
      { ...instance, state: "killed", atMs: STARTED + 1501 },
      { ...instance, state: "started", atMs: STARTED + 1600 },
      { ...instance, state: "ready", atMs: STARTED + 1900 },
      { ...bounce, state: "ended", atMs: STARTED + 1901 },
    ];
    await put(
      "bounces.ndjson",
      told.map((one) => JSON.stringify(one)),
    );
    const run = await judged();
    expect(run).toMatchObject({
      bounce: "crash",
      bounces: [{ kind: "crash", target: "server-2" }],
    });
    expect(run.reasons.join(" ")).toContain(
      "k6 was not told of the bounce: it ran with BOUNCE=none.",
    );
    // The process that was started again left no ledger.
    expect(run.reasons.join(" ")).toContain("A ledger of server-2 is missing or torn");
  });
});

describe("a folder that cannot be merged", () => {
  const refused = async (): Promise<string> => {
    const before = (await readdir(dir)).sort();
    const error = await rebuildReport(dir).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UserError);
    expect((await readdir(dir)).sort()).toEqual(before);
    return (error as Error).message;
  };

  it("holds no line of the scripts", async () => {
    await put("k6.log", ["running", "done"]);
    expect(await refused()).toContain(
      "none of k6.log holds a line of the k6 scripts: copy what k6 wrote",
    );
    await put("k6.log", [LINE_MARK]);
    expect(await refused()).toContain("1 of the lines that the k6 scripts wrote cannot be read");
  });

  it("holds output of two plans: both are named", async () => {
    await plant();
    const other = recordsOf(B).map((record) =>
      record.type === "k6-plan" ? { ...record, plan: { ...plan, seed: 4 } } : record,
    );
    await put("two.ndjson", linesOf("b", other));
    expect(await refused()).toContain(
      "the plans of k6 processes a (one.log) and b (two.ndjson) differ: seed is 4, not 3 " +
        "in the second",
    );
  });

  it.each<[string, () => Promise<void>, string]>([
    [
      "holds the same output twice",
      () => put("again.log", linesOf("a", recordsOf(A))),
      "session s0 arrived twice, in again.log and in one.log",
    ],
    [
      "lacks the beginning of every output",
      async () => {
        await put("one.log", linesOf("a", recordsOf(A).slice(1)));
        await put("two.ndjson", linesOf("b", recordsOf(B).slice(1)));
      },
      "no plan is on record for k6 process a (one.log), b (two.ndjson)",
    ],
    [
      "holds a session of another plan",
      () =>
        put("more.log", [lineOf("c", { type: "k6-arrived", session: "s9", dueMs: 1, atMs: 2 })]),
      "session s9 arrived in more.log, but the plan has 4 sessions and not this one",
    ],
    [
      "holds what is no ledger",
      () => put("ledgers/server-1.log.ndjson", ['{"type":"received"}']),
      "server-1.log.ndjson is no ledger: its first line is no boot record",
    ],
    [
      "holds bounces that are none",
      () => put("bounces.ndjson", ['{"type":"k6-ended"}']),
      "bounces.ndjson, line 1: has an unknown type: k6-ended",
    ],
    [
      "holds bounces of another run",
      async () => {
        await put("one.log", [
          lineOf("a", planRecord({ bounce: "rolling" })),
          ...linesOf("a", recordsOf(A).slice(1)),
        ]);
        await put("two.ndjson", linesOf("b", recordsOf(B).slice(1)));
        const bounce = {
          type: "bounce",
          bounce: 1,
          kind: "crash",
          target: "server-1",
          state: "started",
          atMs: 1,
        };
        await put("bounces.ndjson", [JSON.stringify(bounce)]);
      },
      "bounces.ndjson tells of a crash, but k6 was told BOUNCE=rolling",
    ],
    [
      "is of a topology that this lab does not know",
      async () => {
        await put("one.log", [
          lineOf("a", planRecord({ topology: "phase9" })),
          ...linesOf("a", recordsOf(A).slice(1)),
        ]);
        await put("two.ndjson", linesOf("b", recordsOf(B).slice(1)));
      },
      "the load was made for topology phase9, which this version of sse-lab does not know",
    ],
    [
      "has lines of newer scripts",
      () => put("new.log", [`${LINE_MARK}{"v":2,"process":"x","records":[]}`]),
      "new.log: its lines are of version 2, this lab reads version 1",
    ],
    [
      "has a history already",
      () => put("history.ndjson.gz", ["x"]),
      "has a history.ndjson.gz but no manifest.json: it would be overwritten",
    ],
  ])("%s", async (_, change, message) => {
    await plant();
    await change();
    expect(await refused()).toContain(message);
  });

  it("saw no session arrive", async () => {
    await put("k6.log", [lineOf("a", planRecord())]);
    expect(await refused()).toContain("k6 made its plan, but not a single session arrived");
  });

  it.each([
    ["of the sessions", 1, linesOf("a", [planRecord()])],
    ["of the plan", 0, linesOf("a", recordsOf(A).slice(1))],
  ])("has torn lines %s: they are named first", async (_, at, lines) => {
    const torn = lineOf("a", ...recordsOf(A)).replace(",", ",2026-01-01T00:00:00.123456789Z ");
    await put("k6.log", lines.toSpliced(at, 0, torn));
    const message = await refused();
    expect(message).toContain("1 of the lines that the k6 scripts wrote cannot be read (k6.log: ");
    expect(message).toContain("as docker logs -t writes it");
  });

  it.each(["one.log", "ledgers/server-2.ndjson", "bounces.ndjson"])(
    "holds %s in UTF-16: it is named, with the way out",
    async (name) => {
      await plant();
      const bytes = Buffer.from("\uFEFF{}\r\n", "utf16le");
      await writeFile(join(dir, name), bytes);
      expect(await refused()).toContain(`${join(dir, name)} is UTF-16`);
    },
  );
});
