import { describe, expect, it } from "vitest";
import type { Observation } from "../history/observation.ts";
import { runObservation } from "../history/test-support/run-observation.ts";
import { judgeHistory, splitRuns } from "./judge-history.ts";
import type { RunResult } from "./run-result.ts";

const run = (topology: string, repeat: number): Observation => runObservation({ topology, repeat });
const planned = (events: number): Observation => ({
  type: "planned",
  session: "s0",
  events,
  arriveMs: 0,
});

async function* batches(...groups: Observation[][]): AsyncGenerator<Observation[]> {
  for (const group of groups) yield await Promise.resolve(group);
}

async function judgeAll(...groups: Observation[][]): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for await (const result of judgeHistory(batches(...groups))) results.push(result);
  return results;
}

describe("a history of several runs", () => {
  it("gives one result per run, in order, for any batching", async () => {
    const first = [run("one", 1), planned(2)];
    const second = [run("two", 3), planned(5)];
    const whole = await judgeAll([...first, ...second]);
    expect(whole.map(({ topology, repeat, due }) => [topology, repeat, due])).toEqual([
      ["one", 1, 2],
      ["two", 3, 5],
    ]);
    const oneByOne = await judgeAll(...[...first, ...second].map((observation) => [observation]));
    expect(JSON.stringify(oneByOne)).toBe(JSON.stringify(whole));
  });

  it("judges records before the first run as an unknown run", async () => {
    const results = await judgeAll([planned(2), run("one", 1), planned(2)]);
    expect(results.map(({ topology, verdict }) => [topology, verdict])).toEqual([
      ["(unnamed)", "unknown"],
      ["one", "unknown"],
    ]);
    expect(results[0]?.reasons[0]).toBe("The history does not say which run this is.");
  });

  it("gives nothing for an empty history", async () => {
    expect(await judgeAll()).toEqual([]);
  });

  it("passes on the reader's error after the earlier runs", async () => {
    async function* broken(): AsyncGenerator<Observation[]> {
      yield [run("one", 1), planned(2), run("two", 1)];
      yield await Promise.reject(new Error("line 4: the gzip stream is cut short"));
    }
    const seen: string[] = [];
    const judging = (async () => {
      for await (const { topology } of judgeHistory(broken())) seen.push(topology);
    })();
    await expect(judging).rejects.toThrow("cut short");
    expect(seen).toEqual(["one"]);
  });

  it("is refused if one run has more records than any run of the lab", async () => {
    const absorbed: string[] = [];
    const collect = () => ({ absorb: ({ type }: Observation) => absorbed.push(type) });
    const count = async (...groups: Observation[][]): Promise<number> => {
      const runs: unknown[] = [];
      for await (const one of splitRuns(batches(...groups), collect, 3)) runs.push(one);
      return runs.length;
    };
    const three = [run("one", 1), planned(1), planned(2)];
    expect(await count(three, three)).toBe(2);
    await expect(count(three, [...three, planned(3)])).rejects.toThrow(
      "a run of this history has more than 3 records",
    );
  });
});
