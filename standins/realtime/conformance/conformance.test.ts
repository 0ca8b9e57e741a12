/** Runs every case against the stand-in. `sse-lab conformance` runs them against a real server. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CASES } from "./cases/cases.ts";
import { inspectTarget, type Inspection } from "./inspect-target.ts";
import { type CaseResult, runCase } from "./run-case.ts";
import { startStandInTarget, type StandInTarget } from "./stand-in-target.ts";
import type { Target } from "./target.ts";

const TIMEOUT_MS = 10_000;

let standIn: StandInTarget;
let target: Target;
let inspection: Inspection;
beforeAll(async () => {
  standIn = await startStandInTarget();
  target = standIn.target;
  inspection = await inspectTarget(target, { timeoutMs: TIMEOUT_MS });
});
afterAll(() => standIn.stop());

it("meets every need except the tenant API and the time of the slow case", () => {
  expect(inspection.notes).toEqual([]);
  expect([...inspection.lacks.keys()]).toEqual(["slow", "tenant-api"]);
});

it("every case has a unique id and cites an existing section", async () => {
  expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
  const notes = await readFile(
    join(import.meta.dirname, "../../../docs/realtime-protocol.md"),
    "utf8",
  );
  const sections = new Set(
    [...notes.matchAll(/^#{2,3} (\d+(?:\.\d+)?)/gm)].map((match) => `§${match[1] ?? ""}`),
  );
  expect(CASES.filter(({ section }) => !sections.has(section))).toEqual([]);
});

it("closes an idle socket: the slow case, on a stand-in with a short timeout", async () => {
  const hasty = await startStandInTarget({ IDLE_TIMEOUT_MS: "300" });
  try {
    const one = CASES.find(({ id }) => id === "close-idle")!;
    const result = await runCase(one, {
      target: hasty.target,
      lacks: new Map(),
      timeoutMs: TIMEOUT_MS,
    });
    expect(result).toMatchObject({ outcome: "conforms" });
  } finally {
    await hasty.stop();
  }
});

const SKIPPED = ["slow", "tenant-api"] as const;
const possible = CASES.filter(({ needs = [] }) => !SKIPPED.some((need) => needs.includes(need)));
describe.concurrent("the stand-in", () => {
  it.each(possible.map((one) => [`${one.section} ${one.id}: ${one.title}`, one] as const))(
    "%s",
    async (_name, one) => {
      const { outcome, expected, seen, reason }: CaseResult = await runCase(one, {
        target,
        timeoutMs: TIMEOUT_MS,
        ...inspection,
      });
      expect({ outcome, expected, seen, reason }).toEqual({ outcome: "conforms" });
    },
  );
});
