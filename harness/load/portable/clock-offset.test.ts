import fc from "fast-check";
import { expect, it } from "vitest";
import { ClockOffset } from "./clock-offset.ts";

it("knows nothing without a reading", () => {
  expect(new ClockOffset().bounds).toBeNull();
});

it("takes what all readings allow", () => {
  const clock = new ClockOffset();
  clock.add({ askedMs: 10.5, instanceMs: 1012, answeredMs: 14.5 });
  expect(clock.bounds).toEqual({ offsetMs: 999.5, errorMs: expect.closeTo(2.001, 6) as number });
  clock.add({ askedMs: 20.25, instanceMs: 1020.5, answeredMs: 30.25 });
  expect(clock.bounds).toEqual({ offsetMs: 998.875, errorMs: expect.closeTo(1.376, 6) as number });
});

it("is contradicted by readings of a clock that jumped, and stays so", () => {
  const clock = new ClockOffset();
  clock.add({ askedMs: 0, instanceMs: 1000, answeredMs: 2 });
  clock.add({ askedMs: 10, instanceMs: 2000, answeredMs: 12 });
  clock.add({ askedMs: 20, instanceMs: 1021, answeredMs: 22 });
  expect(clock.bounds).toBeNull();
});

it(
  "holds the true offset within its error, whether the process tells whole milliseconds or " +
    "fractions",
  () => {
    const microseconds = (most: number) => fc.integer({ min: 0, max: most }).map((us) => us / 1000);
    const reading = fc.record({
      at: microseconds(1e9),
      there: microseconds(50e3),
      back: microseconds(50e3),
    });
    fc.assert(
      fc.property(
        fc.array(reading, { minLength: 1, maxLength: 20 }),
        microseconds(1e12),
        fc.boolean(),
        (readings, offsetMs, whole) => {
          const read = (ms: number): number => (whole ? Math.floor(ms) : ms);
          const clock = new ClockOffset();
          for (const { at, there, back } of readings) {
            clock.add({
              askedMs: read(at),
              instanceMs: at + there + offsetMs,
              answeredMs: read(at + there + back),
            });
          }
          const { bounds } = clock;
          expect(bounds).not.toBeNull();
          expect(Math.abs((bounds?.offsetMs ?? NaN) - offsetMs)).toBeLessThanOrEqual(
            (bounds?.errorMs ?? 0) + 1e-6,
          );
        },
      ),
    );
  },
);
