import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LedgerRecord } from "../../server/src/contract/ledger.ts";
import { batchOf, fuzzingBatches, nastyJson } from "../../common/test-support/nasty-json.ts";
import type { Observation } from "../history/observation.ts";
import { checkObservation } from "../history/parse-observation.ts";
import { collectLedgers } from "./collect-ledgers.ts";
import { sessionNames } from "./session-names.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-ledger-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Ledgers of one property. */
const BATCH = 20;

const of = { sessionId: "id-7", epoch: "e1" };
const records: LedgerRecord[] = [
  { kind: "boot", instance: "server-1", pid: 1, broadcaster: "redis", atMs: 0 },
  { kind: "broker", state: "up", atMs: 1 },
  { kind: "broker", state: "limited", atMs: 1.5 },
  { kind: "pipeline", ...of, state: "started", total: 2, atMs: 2 },
  {
    kind: "published",
    ...of,
    seq: 1,
    event: "pipeline_gate",
    intendedMs: 3,
    atMs: 4,
    route: "broker",
  },
  { kind: "gate", ...of, gate: "g1", state: "offered", atMs: 4 },
  { kind: "gate", ...of, gate: "g1", state: "reached", atMs: 5 },
  {
    kind: "published",
    ...of,
    seq: 2,
    event: "pipeline_complete",
    intendedMs: 6,
    atMs: 7,
    route: "fallback",
  },
  { kind: "dropped", ...of, seq: 2, reason: "quota", atMs: 7 },
  { kind: "pipeline", ...of, state: "completed", total: 2, atMs: 7 },
  { kind: "drain", state: "started", atMs: 8 },
];

async function collect(
  text: string,
  incarnations: Record<string, number> = { "server-1": 1 },
  since: { sinceMs?: number } = {},
): Promise<Observation[]> {
  const path = join(folder, "server-1.1.ndjson");
  await writeFile(path, text);
  const observations: Observation[] = [];
  const names = new Map([["id-7", "s7"]]);
  const processes = new Map(Object.entries(incarnations));
  for await (const observation of collectLedgers(
    [{ instance: "server-1", path, ...since }],
    processes,
    names,
  )) {
    observations.push(observation);
  }
  return observations;
}

const lines = (list: readonly object[]): string =>
  list.map((record) => `${JSON.stringify(record)}\n`).join("");

describe("collecting ledgers", () => {
  it("turns every record of a planned session into its observation", async () => {
    const published = { type: "published", session: "s7", epoch: "e1", instance: "server-1" };
    const pipeline = {
      type: "pipeline",
      session: "s7",
      epoch: "e1",
      instance: "server-1",
      total: 2,
    };
    expect(await collect(lines(records))).toEqual([
      { type: "broker", instance: "server-1", state: "up", atMs: 1 },
      { type: "broker", instance: "server-1", state: "limited", atMs: 1.5 },
      { ...pipeline, state: "started", atMs: 2 },
      { ...published, seq: 1, intendedMs: 3, atMs: 4, route: "broker" },
      { type: "gate", session: "s7", gate: "g1", state: "offered", atMs: 4 },
      { type: "gate", session: "s7", gate: "g1", state: "reached", atMs: 5 },
      { ...published, seq: 2, terminal: true, intendedMs: 6, atMs: 7, route: "fallback" },
      {
        type: "dropped",
        session: "s7",
        epoch: "e1",
        instance: "server-1",
        seq: 2,
        reason: "quota",
        atMs: 7,
      },
      { ...pipeline, state: "completed", atMs: 7 },
      { type: "ledger", instance: "server-1", state: "read", records: 11 },
    ]);
  });

  it("keeps only the last state of the broker from before the run", async () => {
    const states = ["up", "down", "limited", "up"] as const;
    const broker = states.map((state, atMs) => ({ kind: "broker", state, atMs }));
    const observations = await collect(lines(broker), undefined, { sinceMs: 3 });
    expect(observations.map((one) => ("state" in one ? one.state : ""))).toEqual([
      "up",
      "limited",
      "read",
    ]);
  });

  it("calls a ledger torn that ends inside a line, and keeps what stands before", async () => {
    const observations = await collect(`${lines(records.slice(0, 3))}{"kind":"publ`);
    expect(observations.at(-1)).toEqual({
      type: "ledger",
      instance: "server-1",
      state: "torn",
      records: 3,
    });
    expect(observations).toHaveLength(3);
  });

  it("calls a ledger torn that holds a record of no known kind", async () => {
    const observations = await collect(lines([...records.slice(0, 2), { kind: "guess", atMs: 1 }]));
    expect(observations.at(-1)).toMatchObject({ state: "torn", records: 2 });
  });

  it("calls an empty ledger torn, because a process begins with its boot record", async () => {
    expect(await collect("")).toEqual([
      { type: "ledger", instance: "server-1", state: "torn", records: 0 },
    ]);
  });

  it("records a missing ledger for every process that left none", async () => {
    const observations = await collect(lines(records), { "server-1": 2, "server-2": 1 });
    expect(observations.slice(-2)).toEqual([
      { type: "ledger", instance: "server-1", state: "missing", records: 0 },
      { type: "ledger", instance: "server-2", state: "missing", records: 0 },
    ]);
  });

  it("leaves out sessions that are not of the plan", async () => {
    const foreign = {
      kind: "pipeline",
      sessionId: "id-8",
      epoch: "e",
      state: "started",
      total: 1,
      atMs: 1,
    };
    expect(await collect(lines([foreign]))).toEqual([
      { type: "ledger", instance: "server-1", state: "read", records: 1 },
    ]);
  });
});

it("whatever a ledger holds, each observation of it is one that a history may hold", async () => {
  const kinds = ["boot", "broker", "published", "dropped", "pipeline", "gate", "drain"];
  const record = fc
    .tuple(fc.constantFrom(...records), fc.constantFrom(...kinds, "whole"), nastyJson)
    .map(([good, key, value]) => {
      if (key === "whole") return value.toString();
      const fields = Object.keys(good);
      const field = fields[value.length % fields.length] ?? key;
      const members = Object.entries(good).map(
        ([name, one]) => `"${name}":${name === field ? value.toString() : JSON.stringify(one)}`,
      );
      return `{${members.join(",")}}`;
    });
  await fc.assert(
    fc.asyncProperty(batchOf(record, BATCH), async (texts) => {
      // One ledger each: nothing that follows a torn line is read.
      for (const text of texts) {
        const found = await collect(`${lines(records.slice(0, 1))}${text}\n`);
        const last = found.pop();
        expect(last).toMatchObject({ type: "ledger" });
        for (const observation of found) {
          const written: unknown = JSON.parse(JSON.stringify(observation));
          expect(() => checkObservation(written)).not.toThrow();
          expect(text).toContain(observation.type.slice(0, 4));
        }
      }
    }),
    fuzzingBatches(500, BATCH),
  );
});

describe("session names", () => {
  it("come from the create requests of all segments", async () => {
    const [a, b] = [join(folder, "a.ndjson"), join(folder, "b.ndjson")];
    const create = (session: string, sessionId: string) => ({
      type: "request",
      request: "create",
      session,
      sessionId,
    });
    await writeFile(a, lines([{ type: "planned", session: "s0" }, create("s0", "id-0")]));
    await writeFile(b, lines([create("s1", "id-1"), { type: "received", session: "s1", seq: 1 }]));
    expect([...(await sessionNames([a, b]))]).toEqual([
      ["id-0", "s0"],
      ["id-1", "s1"],
    ]);
  });
});
