/** The stand-in against every case. The same cases judge a real server: `sse-lab conformance`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStandIn, type TestStandIn } from "../server/test-support/start-stand-in.ts";
import { addressOf } from "./address.ts";
import { CASES } from "./cases/cases.ts";
import { inspectTarget, type Inspection } from "./inspect-target.ts";
import { type CaseResult, runCase } from "./run-case.ts";
import type { Target } from "./target.ts";

/** The stand-in answers at once, and its limits are sampled every 5 s. */
const TIMEOUT_MS = 10_000;

let standIn: TestStandIn;
let target: Target;
let inspection: Inspection;
beforeAll(async () => {
  standIn = await startStandIn();
  target = { address: addressOf(standIn.url), jwtSecret: standIn.jwtSecret };
  inspection = await inspectTarget(target, { timeoutMs: TIMEOUT_MS });
});
afterAll(() => standIn.stop());

it("has everything that the cases need, but the patience for the slow ones", () => {
  expect(inspection).toMatchObject({ oldHandshake: false, notes: [] });
  expect([...inspection.lacks.keys()]).toEqual(["slow"]);
});

it("every case has an id of its own and cites a section that is there", async () => {
  expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
  const notes = await readFile(join(import.meta.dirname, "../../../docs/realtime-protocol.md"), "utf8");
  const sections = new Set(
    [...notes.matchAll(/^#{2,3} (\d+(?:\.\d+)?)/gm)].map((match) => `§${match[1] ?? ""}`),
  );
  expect(CASES.filter(({ section }) => !sections.has(section))).toEqual([]);
});

it("closes an idle socket: the slow case, on a stand-in that is less patient", async () => {
  const hasty = await startStandIn({ env: { IDLE_TIMEOUT_MS: "300" } });
  try {
    const one = CASES.find(({ id }) => id === "close-idle")!;
    const slow = { ...inspection, lacks: new Map(), timeoutMs: TIMEOUT_MS };
    const result = await runCase(one, { target: { ...target, address: addressOf(hasty.url) }, ...slow });
    expect(result).toMatchObject({ outcome: "conforms" });
  } finally {
    await hasty.stop();
  }
});

const patient = CASES.filter((one) => !one.needs?.includes("slow"));
describe.concurrent("the stand-in", () => {
  it.each(patient.map((one) => [`${one.section} ${one.id}: ${one.title}`, one] as const))(
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
