import fc from "fast-check";
import { expect, it } from "vitest";
import { inferPublications, type SeenPublication } from "./infer-publications.ts";

const INTERVAL_MS = 100;

/** What a run really published, in order, and which of it arrived. */
const runs = fc
  .array(
    fc.record({
      waitMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
      lateMs: fc.double({ min: 0, max: 300, noNaN: true }),
      arrives: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  .map((steps) => {
    let publishedMs = 10_000;
    return steps.map(({ waitMs, lateMs, arrives }, index) => {
      publishedMs += waitMs;
      const publication: SeenPublication = {
        seq: index + 1,
        intendedMs: publishedMs - lateMs,
        publishedMs,
        instance: "a",
      };
      return { publication, arrives };
    });
  });

const seenOf = (run: { publication: SeenPublication; arrives: boolean }[]): SeenPublication[] =>
  run.filter(({ arrives }) => arrives).map(({ publication }) => publication);

it("knows all numbers up to the highest that arrived, each once and in order", () => {
  fc.assert(
    fc.property(runs, (run) => {
      const seen = seenOf(run);
      const highest = Math.max(0, ...seen.map(({ seq }) => seq));
      expect(inferPublications(seen, INTERVAL_MS).map(({ seq }) => seq)).toEqual(
        Array.from({ length: highest }, (_, index) => index + 1),
      );
    }),
  );
});

it("leaves what arrived as it was told, in whatever order and however often it came", () => {
  fc.assert(
    fc.property(
      runs.chain((run) => {
        const seen = seenOf(run);
        return fc.tuple(
          fc.constant(seen),
          fc.shuffledSubarray([...seen, ...seen], { minLength: seen.length * 2 }),
        );
      }),
      ([seen, shuffled]) => {
        const inferred = inferPublications(shuffled, INTERVAL_MS);
        expect(inferred).toEqual(inferPublications(seen, INTERVAL_MS));
        for (const one of seen) expect(inferred[one.seq - 1]).toEqual(one);
      },
    ),
  );
});

it("never turns time back, and between two that arrived never leaves their times", () => {
  fc.assert(
    fc.property(runs, (run) => {
      const inferred = inferPublications(seenOf(run), INTERVAL_MS);
      for (const [index, { publishedMs, intendedMs }] of inferred.entries()) {
        expect(publishedMs).toBeGreaterThanOrEqual(inferred[index - 1]?.publishedMs ?? -Infinity);
        expect(intendedMs).toBeLessThanOrEqual(publishedMs);
      }
    }),
  );
});

it("guesses the times of a gap evenly, and before the first at the plan's rate", () => {
  const seen = [
    { seq: 3, intendedMs: 1_000, publishedMs: 1_010, instance: "a" },
    { seq: 6, intendedMs: 1_300, publishedMs: 1_310, instance: "b" },
  ];
  expect(inferPublications(seen, INTERVAL_MS)).toEqual([
    { seq: 1, intendedMs: 810, publishedMs: 810, instance: "a" },
    { seq: 2, intendedMs: 910, publishedMs: 910, instance: "a" },
    seen[0],
    { seq: 4, intendedMs: 1_110, publishedMs: 1_110, instance: "a" },
    { seq: 5, intendedMs: 1_210, publishedMs: 1_210, instance: "a" },
    seen[1],
  ]);
});

it("knows nothing without an event", () => {
  expect(inferPublications([], INTERVAL_MS)).toEqual([]);
});
