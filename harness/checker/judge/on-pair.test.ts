import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseObservation } from "../../history/parse-observation.ts";
import { collectEvidence } from "../judge-run.ts";
import { RunRecord } from "../records/run-record.ts";

const folder = join(import.meta.dirname, "../fixtures");

const countBy = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};
const withoutZeros = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

describe("the callback for each pair", () => {
  it.each(readdirSync(folder))(
    "gets each due pair of %s once, with the counted outcome and cause",
    (file) => {
      const record = new RunRecord();
      for (const line of readFileSync(join(folder, file), "utf8").trim().split("\n")) {
        record.absorb(parseObservation(line));
      }
      const told: { pair: string; planned: boolean; outcome: string; cause: string | null }[] = [];
      const { counts } = collectEvidence(
        record,
        ({ session, epoch, seq, planned, outcome, cause }) =>
          told.push({ pair: `${session} ${epoch} ${seq}`, planned, outcome, cause }),
      );
      expect(new Set(told.map(({ pair }) => pair)).size).toBe(told.length);
      expect(told).toHaveLength(counts.due);
      expect(told.filter(({ planned }) => planned)).toHaveLength(counts.planned);
      expect(countBy(told.map(({ outcome }) => outcome))).toEqual(withoutZeros(counts.outcomes));
      expect(countBy(told.flatMap(({ cause }) => cause ?? []))).toEqual(
        withoutZeros(counts.lostByCause),
      );
    },
  );
});
