import { describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import { costFindings, coresInShort, howCostsWereRead } from "../findings/cost-findings.ts";
import { coresOf, memoryOf, receivedOf, sentOf, socketMemoryOf } from "./cost-figures.ts";
import { costsTable, partsTable } from "./cost-tables.ts";
import { groupRuns } from "../summary/run-group.ts";
import { type RunParts, makeCost, makeRealtime, makeRun } from "../test-support.ts";

const LOAD_S = 10;
const KIB = 1024;
const groupsOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun));
const every = (): boolean => true;

type Cost = RunResult["costs"][number];
const server = (number: number, parts: Partial<Cost> = {}): Cost =>
  makeCost({
    part: `server-${number}`,
    source: "cgroup",
    cpuSeconds: 2,
    memoryBytes: { first: 1000 * KIB, peak: 11_000 * KIB },
    socketMemoryBytes: { first: 0, peak: 2000 * KIB },
    receivedBytes: 1_000_000,
    sentBytes: 20_000_000,
    ...parts,
  });
const router = (parts: Partial<Cost> = {}): Cost =>
  server(0, { part: "traefik", role: "router", cpuSeconds: 1, ...parts });
const onProcfs = {
  source: "procfs",
  socketMemoryBytes: null,
  receivedBytes: null,
  sentBytes: null,
} as const;

/** Cells of a table's rows, without its head. */
const rowsOf = (table: string | null): string[][] =>
  (table ?? "")
    .split("\n")
    .slice(2)
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const headOf = (table: string | null): string => (table ?? "").split("\n")[0] ?? "";

describe("figures of a run", () => {
  const run = makeRun({ sessions: 200, costs: [server(1), server(2), router()] });

  it("are sums over the selected components, per 1,000 streams and second of load", () => {
    const isServer = (cost: { role: string }): boolean => cost.role === "server";
    // 4 CPU seconds in 10 s by 200 streams are 0.4 cores, so 2 for 1,000.
    expect(coresOf(LOAD_S)(run, isServer)).toBe(2);
    expect(coresOf(LOAD_S)(run, every)).toBe(2.5);
    expect(memoryOf(run, isServer)).toBe(100 * KIB);
    expect(socketMemoryOf(run, isServer)).toBe(20 * KIB);
    expect(receivedOf(LOAD_S)(run, isServer)).toBe(1_000_000);
    expect(sentOf(LOAD_S)(run, isServer)).toBe(20_000_000);
  });

  it("share memory between the streams that were open together, not between all that came", () => {
    const rates = { cores: 1, receivedBytesPerSecond: null, sentBytesPerSecond: null };
    const costs = [server(1, { steady: { seconds: 5, streams: 100, ...rates } })];
    expect(memoryOf(makeRun({ sessions: 230, costs }), every)).toBe(100 * KIB);
  });

  it("are unknown if one component lacks them", () => {
    const partly = makeRun({ costs: [server(1), server(2, onProcfs)] });
    for (const figure of [socketMemoryOf, receivedOf(LOAD_S), sentOf(LOAD_S)])
      expect(figure(partly, every)).toBeNull();
    expect(coresOf(LOAD_S)(partly, every)).not.toBeNull();
  });

  it("are unknown without components, streams or load", () => {
    expect(coresOf(LOAD_S)(makeRun(), every)).toBeNull();
    expect(coresOf(LOAD_S)({ ...run, sessions: 0 }, every)).toBeNull();
    expect(coresOf(0)(run, every)).toBeNull();
  });
});

describe("the costs table", () => {
  it("has rows for servers, router, broker and all together, in steady state only", () => {
    const broker = server(0, { part: "valkey", role: "broker", cpuSeconds: 0.001 });
    const costs = [server(1), server(2), router(), broker];
    const table = costsTable(
      groupsOf({ costs }, { bounce: "crash", costs }, { topology: "none-read" }),
      LOAD_S,
    );
    expect(rowsOf(table)).toEqual([
      ["phase9", "2 servers", "2.00", "100 KiB", "20 KiB", "1.00 MB/s", "20 MB/s"],
      ["phase9", "router", "0.50", "50 KiB", "10 KiB", "0.50 MB/s", "10 MB/s"],
      ["phase9", "broker", "&lt;0.01", "50 KiB", "10 KiB", "0.50 MB/s", "10 MB/s"],
      ["phase9", "together", "2.50", "200 KiB", "40 KiB", "2.00 MB/s", "40 MB/s"],
    ]);
  });

  it("takes cores and bytes from the time in which the streams were up", () => {
    const steady = {
      seconds: 8,
      streams: 50,
      cores: 0.1,
      receivedBytesPerSecond: null,
      sentBytesPerSecond: 5e6,
    };
    const table = costsTable(
      groupsOf({ costs: [server(9, { steady, receivedBytes: 1, sentBytes: 1 })] }),
      LOAD_S,
    );
    const [row] = rowsOf(table);
    expect(row?.[2]).toBe("2.00");
    expect(row?.at(-1)).toBe("100 MB/s");
    const half = groupsOf({ costs: [server(1, { steady }), router({ steady: null })] });
    expect(rowsOf(costsTable(half, LOAD_S)).map((cells) => cells[2])).toEqual(["2.00", "–", "–"]);
  });

  it("shows the mean of repeats with its interval", () => {
    const costs = (cpuSeconds: number) => [server(1, { cpuSeconds })];
    const table = costsTable(
      groupsOf({ costs: costs(2) }, { repeat: 2, costs: costs(4) }, { repeat: 3, costs: costs(6) }),
      LOAD_S,
    );
    expect(rowsOf(table)[0]?.slice(0, 3)).toEqual(["phase9", "server", "2.00 [0–4.48]"]);
  });

  it("names figures that the host lacks, once for all or in single cells", () => {
    const unkept = { socketMemoryBytes: null, receivedBytes: null, sentBytes: null };
    const groups = groupsOf({ costs: [server(1, unkept)] });
    expect(headOf(costsTable(groups, LOAD_S))).not.toMatch(/socket| in | out /);
    expect(howCostsWereRead(groups)).toContain(
      "Socket memory and network are not accounted on this host.",
    );
    const mixed = groupsOf({ costs: [server(1, { socketMemoryBytes: null }), router()] });
    expect(rowsOf(costsTable(mixed, LOAD_S)).map((row) => row[4])).toEqual([
      "not accounted on this host",
      "10 KiB",
      "not accounted on this host",
    ]);
    expect(howCostsWereRead(mixed)).not.toContain("not accounted");
  });

  it("does not blame the host for figures that no process account has", () => {
    const local = groupsOf({ costs: [server(1, onProcfs)] });
    expect(howCostsWereRead(local)).toContain(
      "Socket memory and network are not read on platform local.",
    );
    const mixed = groupsOf({ topology: "x", costs: [server(1, onProcfs)] }, { costs: [server(1)] });
    expect(rowsOf(costsTable(mixed, LOAD_S)).map((row) => row[4])).toEqual([
      "not read on platform local",
      "10 KiB",
    ]);
  });

  it("is null if nothing was read", () => {
    expect(costsTable(groupsOf({}), LOAD_S)).toBeNull();
    expect(partsTable(groupsOf({}))).toBeNull();
    expect(coresInShort(groupsOf({}), LOAD_S)).toEqual([]);
    expect(costFindings(groupsOf({}), LOAD_S)).toEqual([]);
  });
});

describe("components that differ between repeats", () => {
  const THREE = Object.fromEntries(
    [1, 2, 3].map((number) => [`server-${number}`, { first: 10, last: 10 }]),
  );
  const ofServers = (...numbers: number[]): RunParts => ({
    costs: [...numbers.map((number) => server(number)), router()],
    sessionsPerInstance: THREE,
  });
  const cells = (groups: ReturnType<typeof groupsOf>): string[][] =>
    rowsOf(costsTable(groups, LOAD_S)).map((row) => row.slice(1, 4));

  it("count only in runs that have all of them", () => {
    const groups = groupsOf(
      ofServers(1),
      { ...ofServers(1, 2, 3), repeat: 2 },
      { ...ofServers(1), repeat: 3 },
    );
    expect(cells(groups)).toEqual([
      ["3 servers", "3.00", "150 KiB"],
      ["router", "0.50", "50 KiB"],
      ["together", "3.50", "200 KiB"],
    ]);
    expect(coresInShort(groups, LOAD_S)).toEqual(["phase9 3.50"]);
    expect(costFindings(groups, LOAD_S)).toEqual([
      "A component of phase9 was not read under load in 2 of 3 repeats: its costs are those " +
        "of the other repeats.",
    ]);
  });

  it("have no cost, and the topology no rank, if an instance was never read", () => {
    const groups = groupsOf(
      { ...ofServers(1, 2), topology: "holed" },
      { ...ofServers(1, 2, 3), topology: "whole" },
    );
    expect(cells(groups).slice(0, 3)).toEqual([
      ["3 servers", "– (a component was not read)", "– (a component was not read)"],
      ["router", "0.50", "50 KiB"],
      ["together", "– (a component was not read)", "– (a component was not read)"],
    ]);
    expect(costFindings(groups, LOAD_S)).toEqual([
      "The total cost of holed is unknown: a component was not read under load.",
    ]);
  });

  it("show a gap if one repeat has no router cost", () => {
    const bare = { costs: [server(1)], repeat: 2 };
    const groups = groupsOf({ costs: [server(1), router()] }, bare);
    expect(cells(groups)).toEqual([
      ["server", "1.00", "50 KiB"],
      ["router", "0.50", "50 KiB"],
      ["together", "1.50", "100 KiB"],
    ]);
  });
});

it("lists the readings of each component", () => {
  const groups = groupsOf({ costs: [server(1), router(onProcfs)] });
  expect(rowsOf(partsTable(groups))).toEqual([
    [
      "phase9",
      "server-1",
      "server",
      "cgroup",
      "2.00 s",
      "1,000 KiB → 10.7 MiB",
      "0 KiB → 2.0 MiB",
      "976.6 KiB",
      "19.1 MiB",
    ],
    ["phase9", "traefik", "router", "procfs", "1.00 s", "1,000 KiB → 10.7 MiB", "–", "–", "–"],
  ]);
});

describe("the findings on costs", () => {
  it("name the number of streams that they are scaled from, and their sources", () => {
    const said = howCostsWereRead(
      groupsOf({ sessions: 300, costs: [server(1), router(onProcfs)] }),
    );
    expect(said).toContain("Scaled linearly from 300 streams: nothing was measured at 1,000.");
    expect(said).toContain("Read from `cgroup`, ");
    expect(said).toContain("; and from `procfs`, ");
    const two = groupsOf(
      { sessions: 300, costs: [server(1)] },
      { topology: "b", sessions: 280, costs: [server(1)] },
    );
    expect(howCostsWereRead(two)).toContain("Scaled linearly from 280 to 300 streams:");
    const whole = howCostsWereRead(groupsOf({ sessions: 1000, costs: [server(1)] }));
    expect(whole).toContain("Measured at 1,000 streams, so nothing is scaled.");
    expect(whole).not.toContain("procfs");
  });

  it("do not rank a stand-in, which the tables name", () => {
    const realtime = makeRealtime({ part: "realtime-standin", standIn: true });
    const groups = groupsOf(
      { topology: "x", costs: [server(1)] },
      { topology: "y", costs: [server(1), router()] },
      { topology: "d", realtime, costs: [makeCost({ cpuSeconds: 0.1 })] },
    );
    const findings = costFindings(groups, LOAD_S);
    expect(findings[0]).toMatch(
      /, x \(1.00\) used the fewest cores, as far as measured; y .* is not judged/,
    );
    expect(findings[1]).toBe(
      "d is not ranked by cost: a stand-in's costs say nothing about Supabase.",
    );
    expect(costsTable(groups, LOAD_S)).toContain("| d (realtime-standin) |");
    expect(partsTable(groups)).toContain("| d (realtime-standin) |");
  });

  it("name the cheapest with its losses, the most expensive, and topologies without readings", () => {
    const findings = costFindings(
      groupsOf(
        { topology: "x", costs: [server(1), router()] },
        { topology: "y", costs: [server(1)], lostByCause: { "no-route": 6000 } },
        { topology: "z" },
      ),
      LOAD_S,
    );
    expect(findings).toEqual([
      "Per 1,000 streams, all components together, y (1.00) used the fewest cores, as far as " +
        "measured; x (1.50) is not judged, as that takes 4 repeats.",
      "y lost events, and so had less to carry.",
      "The cost of z is unknown: nothing was read there under load.",
    ]);
  });
});
