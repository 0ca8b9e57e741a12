import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../common/portable/seeded-random.ts";
import {
  intervalOf,
  judgeDifferences,
  meanOf,
  POWER,
  varianceOf,
  type Question,
  type Repeat,
} from "./judge-differences.ts";

const repeats = (...values: number[]): Repeat[] => values.map((value) => ({ value }));
const ANY = { share: 0, amount: 0 };
const judgeOne = (question: Partial<Question>) =>
  judgeDifferences([{ a: [], b: [], least: ANY, ...question }])[0]!;

describe("two sides with repeats", () => {
  it("are judged as in a worked example of Welch's test", () => {
    // By hand: means 3 and 6, variances 2.5 and 5, error sqrt(1.5), 7.2 degrees of freedom.
    const { interval, change } = judgeOne({
      a: repeats(1, 2, 3, 4, 5),
      b: repeats(3, 5, 6, 7, 9),
    });
    expect(change).toBe(3);
    expect(interval![0]).toBeCloseTo(3 - 2.352 * Math.sqrt(1.5), 2);
  });

  it.each([
    ["clearly above", repeats(1, 2, 1, 2), repeats(9, 8, 9, 8), "higher"],
    ["clearly below", repeats(9, 8, 9, 8), repeats(1, 2, 1, 2), "lower"],
    ["within the scatter", repeats(1, 9, 2, 8), repeats(3, 9, 2, 9), "none seen"],
    ["without scatter, equal", repeats(0, 0, 0, 0), repeats(0, 0, 0, 0), "none seen"],
    ["without scatter, different", repeats(0, 0, 0, 0), repeats(1, 1, 1, 1), "higher"],
    ["with too few repeats", repeats(1, 1, 1), repeats(9, 9, 9, 9), "not judged"],
    ["without a repeat", [], repeats(9, 9, 9, 9), "not judged"],
  ])("%s", (_, a, b, direction) => expect(judgeOne({ a, b }).direction).toBe(direction));

  it("differ only by more than the least that counts, in both its parts", () => {
    const [a, b] = [repeats(10, 10, 10, 10), repeats(12, 12, 12, 12)];
    const direction = (share: number, amount: number) =>
      judgeOne({ a, b, least: { share, amount } }).direction;
    expect([direction(0.1, 1), direction(0.3, 1), direction(0.1, 3)]).toEqual([
      "higher",
      "none seen",
      "none seen",
    ]);
  });

  it("are judged by their ratio on request, if no value is 0", () => {
    const [a, b] = [repeats(2, 2.1, 1.9, 2), repeats(4, 4.2, 3.8, 4)];
    expect(judgeOne({ a, b, byRatio: true })).toMatchObject({ direction: "higher", byRatio: true });
    expect(judgeOne({ a, b, byRatio: true }).change).toBeCloseTo(2);
    expect(judgeOne({ a: repeats(0, 0, 0, 0), b, byRatio: true })).toMatchObject({
      direction: "higher",
      change: 4,
      byRatio: false,
    });
  });
});

it("gives the mean of repeats an interval from the third one on", () => {
  // By hand: mean 2, deviation 1, t 4.303 with two degrees of freedom.
  const { low, high } = intervalOf(repeats(1, 2, 3))!;
  expect(high).toBeCloseTo(2 + 4.303 / Math.sqrt(3), 2);
  expect(low).toBeCloseTo(2 - 4.303 / Math.sqrt(3), 2);
  expect(intervalOf(repeats(5, 5, 5))).toEqual({ low: 5, high: 5 });
  expect([intervalOf(repeats(1, 2)), intervalOf([])]).toEqual([null, null]);
  const single = intervalOf([{ value: 1, sessions: { deviation: 2, count: 400 } }])!;
  expect(single.high - 1).toBeCloseTo(1.96 * Math.hypot(0.1, 2 / 20), 2);
});

describe("few repeats", () => {
  const random = seededRandom(5);
  const pick = <Item>(items: readonly Item[]): Item => items[random.integer(0, items.length - 1)]!;

  it("have the error of a bootstrap over repeats and the sessions in them", () => {
    const runs = [0, 0.2, 0.1].map((shift) =>
      Array.from({ length: 40 }, () => shift + Number(random.float() < 0.3)),
    );
    const drawn = Array.from({ length: 4000 }, () =>
      meanOf(runs.map(() => pick(runs)).map((run) => meanOf(run.map(() => pick(run))))),
    );
    const a = runs.map((run) => ({
      value: meanOf(run),
      sessions: { deviation: Math.sqrt(varianceOf(run)), count: run.length },
    }));
    const same = { value: 0, sessions: { deviation: 0, count: 40 } };
    const { interval } = judgeOne({ a, b: [same, same, same] });
    const within = meanOf(a.map(({ sessions }) => sessions.deviation ** 2 / 40)) / 3;
    // A bootstrap draws three of three repeats, so it misses a third of their variance.
    const between = varianceOf(a.map(({ value }) => value)) / 3;
    expect(varianceOf(drawn)).toBeCloseTo(within + (between * 2) / 3, 3);
    const half = (interval![1] - interval![0]) / 2;
    expect(half).toBeGreaterThan(1.96 * Math.sqrt(within + between));
  });

  it("show a large difference between the sessions of single runs", () => {
    const run = (value: number): Repeat[] => [{ value, sessions: { deviation: 0.4, count: 300 } }];
    expect(judgeOne({ a: run(0.1), b: run(0.3) }).direction).toBe("higher");
    expect(judgeOne({ a: run(0.1), b: run(0.16) }).direction).toBe("none seen");
    expect(judgeOne({ a: run(0.1), b: repeats(0.3) }).direction).toBe("not judged");
  });
});

describe("200 tables", () => {
  const random = seededRandom(11);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());

  /** The share lost by `count` sessions, each all or nothing, in runs that differ a little. */
  const lostBy = (share: number, count: number): Repeat => {
    const own = share * (1 + 0.02 * normal());
    const lost = Math.round(count * own + Math.sqrt(count * own * (1 - own)) * normal());
    const value = Math.max(0, lost / count);
    return { value, sessions: { deviation: Math.sqrt(value * (1 - value)), count } };
  };
  const LOSS = { share: 0, amount: 0.002 };
  /** A p99 whose runs scatter by a tenth, with a long tail. */
  const p99 = (ms: number): Repeat => ({ value: ms * Math.exp(0.1 * normal()) });
  const P99 = { share: 0.05, amount: 0.2 };
  /** 0 in most runs. */
  const rare = (): Repeat => ({ value: random.float() < 0.2 ? 0.01 * random.float() : 0 });

  const side = (count: number, draw: () => Repeat): Repeat[] => Array.from({ length: count }, draw);
  const questions = (n: number, m: number, more = { loss: 0, p99: 1 }): Question[] => [
    { a: side(n, () => p99(4)), b: side(m, () => p99(4 * more.p99)), least: P99, byRatio: true },
    {
      a: side(n, () => lostBy(0.1, 3_000)),
      b: side(m, () => lostBy(0.1 + more.loss, 3_000)),
      least: LOSS,
    },
    ...[0.02, 0.4, 0.7].map((share) => ({
      a: side(n, () => lostBy(share, 300)),
      b: side(m, () => lostBy(share, 300)),
      least: LOSS,
    })),
    ...[2, 9, 50].map((ms) => ({
      a: side(n, () => p99(ms)),
      b: side(m, () => p99(ms)),
      least: P99,
      byRatio: true,
    })),
    { a: side(n, rare), b: side(m, rare), least: { share: 0, amount: 0 } },
  ];
  const isAlarm = ({ direction }: { direction: string }): boolean =>
    direction === "higher" || direction === "lower";
  const tables = (draw: () => Question[]) =>
    Array.from({ length: 200 }, () => judgeDifferences(draw()));

  it.each([
    [1, 1],
    [2, 2],
    [2, 3],
    [3, 3],
    [4, 4],
    [5, 5],
    [4, 8],
  ])("of equal sides with %d and %d repeats: at most a twentieth shows any", (n, m) => {
    const alarmed = tables(() => questions(n, m)).filter((table) => table.some(isAlarm));
    expect(alarmed.length).toBeLessThanOrEqual(0.05 * 200);
  });

  it.each([
    ["30 % more p99", 10, { loss: 0, p99: 1.3 }, 0, 0.3],
    ["1 % more loss", 20, { loss: 0.01, p99: 1 }, 1, 0.01],
  ])("with %s find it as often as they claim", (_, n, more, index, planted) => {
    const asked = tables(() => questions(n, n, more)).map((table) => table[index]!);
    const claiming = meanOf(asked.map(({ seen }) => seen!));
    // The claim is about this size, so that the test would notice one that is too bold.
    expect(claiming / planted).toBeGreaterThan(0.5);
    expect(claiming / planted).toBeLessThan(1);
    expect(asked.filter(({ direction }) => direction === "higher").length / 200).toBeGreaterThan(
      POWER,
    );
  });
});
