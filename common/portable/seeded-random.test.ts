import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { expect, test } from "vitest";
import { seededRandom } from "./seeded-random.ts";

test("the first draws of neighbouring seeds are spread evenly", () => {
  const tenths = Array<number>(10).fill(0);
  for (let seed = 0; seed < 2_000; seed++)
    tenths[Math.floor(uniformFloat64(seededRandom(seed)) * 10)]!++;
  for (const count of tenths) expect(Math.abs(count - 200)).toBeLessThan(60);
});
