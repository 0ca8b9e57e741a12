import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readHistory } from "../../history/read-history.ts";
import { judgeWithSeries } from "../judge-history.ts";
import type { JudgedRun } from "../judge-run.ts";

const FOLDER = fileURLToPath(new URL("../fixtures/", import.meta.url));

async function judged(name: string): Promise<JudgedRun> {
  for await (const run of judgeWithSeries(readHistory(`${FOLDER}${name}`))) return run;
  throw new Error(`${name} holds no run`);
}

const total = (values: readonly number[] = []): number => values.reduce((sum, one) => sum + one, 0);

describe("the series of a run", () => {
  it("adds up to the run's figures, in every planted history", async () => {
    const withLosses: string[] = [];
    for (const name of readdirSync(FOLDER)) {
      const { result, series } = await judged(name);
      if (series === null) continue;
      const { stepMs, published, received, open, attempts, cuts, lost, delivery } = series;
      for (const list of [received, open, attempts, cuts, ...Object.values(lost)])
        expect(list, name).toHaveLength(published.length);
      expect(stepMs, name).toBeGreaterThan(0);
      expect(total(published), name).toBeGreaterThanOrEqual(
        total(Object.values(lost).map((times) => total(times))),
      );
      for (const [cause, times] of Object.entries(lost))
        // What was published before the load began, as in some planted histories, has no step.
        expect(total(times), `${name}: ${cause}`).toBeLessThanOrEqual(
          result.lostByCause[cause as keyof typeof result.lostByCause],
        );
      if (total(Object.values(lost).flat()) > 0) withLosses.push(name);
      expect(delivery.at(-1)?.ms ?? null, name).toBe(result.latency?.delivery.max ?? null);
      const rising = delivery.map(({ ms }) => ms);
      expect(
        [...rising].sort((a, b) => a - b),
        name,
      ).toEqual(rising);
    }
    expect(withLosses.length).toBeGreaterThan(5);
  });

  it("counts open streams, attempts and cuts where they happened", async () => {
    const { series, result } = await judged("valid-storm-by-attempt.ndjson");
    expect(series).toMatchObject({ topology: result.topology, bounce: result.bounce, repeat: 1 });
    expect(Math.max(...series!.open)).toBeGreaterThan(0);
    expect(total(series!.attempts)).toBeGreaterThanOrEqual(result.reconnects.count);
    expect(total(series!.cuts)).toBeGreaterThan(0);
  });
});
