import { describe, expect, test } from "vitest";
import { ENGINE_LIMITS } from "../engine-limits.ts";
import type { Jitter } from "../back-off.ts";
import { createReconnectPolicy, type ReconnectPolicy } from "./reconnect-policy.ts";

const retrying = (seed = 1, jitter: Jitter = "full"): ReconnectPolicy =>
  createReconnectPolicy("retrying", ENGINE_LIMITS, seed, jitter);
const eventsource = (): ReconnectPolicy =>
  createReconnectPolicy("eventsource", ENGINE_LIMITS, 1, "full");
/** The largest of many policies' n-th delay comes close to the ceiling of the full jitter. */
const ceilings = (
  attempts: number,
  prepare: (policy: ReconnectPolicy) => void = () => {},
): number[] => {
  const largest = Array<number>(attempts).fill(0);
  for (let seed = 0; seed < 500; seed++) {
    const policy = retrying(seed);
    prepare(policy);
    for (let i = 0; i < attempts; i++)
      largest[i] = Math.max(largest[i]!, policy.delayMs("network") ?? NaN);
  }
  return largest;
};

describe("the retrying client", () => {
  test("waits a random time below a ceiling that doubles from 250 ms to 5 s", () => {
    const expected = [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000];
    ceilings(7).forEach((ceiling, i) => {
      expect(ceiling).toBeLessThanOrEqual(expected[i]!);
      expect(ceiling).toBeGreaterThan(expected[i]! * 0.98);
    });
  });

  test("takes what the server asks for as the base, even above its own cap", () => {
    const [first, second] = ceilings(2, (policy) => policy.onRetry(8_000));
    expect(first).toBeGreaterThan(7_600);
    expect(second).toBeLessThanOrEqual(8_000);
  });

  test("begins anew after a confirmed stream", () => {
    const [ceiling] = ceilings(1, (policy) => {
      for (let i = 0; i < 10; i++) policy.delayMs("network");
      policy.onConnected();
    });
    expect(ceiling).toBeLessThanOrEqual(250);
  });

  test.each<[Jitter, number, number]>([
    ["none", 1, 1],
    ["equal", 0.5, 1],
    ["full", 0, 1],
  ])("with %s jitter waits %f to %f of the back-off", (jitter, least, most) => {
    const delays = Array.from({ length: 500 }, (_, seed) => {
      const policy = retrying(seed, jitter);
      policy.onRetry(1_000);
      return policy.delayMs("network") ?? NaN;
    });
    const [smallest, largest] = [Math.min(...delays), Math.max(...delays)];
    expect(smallest).toBeGreaterThanOrEqual(least * 1_000);
    expect(smallest).toBeLessThan(least * 1_000 + 20);
    expect(largest).toBeLessThanOrEqual(most * 1_000);
    expect(largest).toBeGreaterThan(most * 1_000 - 20);
  });

  test("never gives up, and draws the same delays from the same seed", () => {
    const delays = (policy: ReconnectPolicy): unknown[] =>
      Array.from({ length: 20 }, () => policy.delayMs("http-error"));
    expect(delays(retrying(7))).toEqual(delays(retrying(7)));
    expect(delays(retrying(7))).not.toContain(undefined);
  });
});

describe("the eventsource client", () => {
  test("comes back after exactly 3 s, or what the server asks for, every time", () => {
    const policy = eventsource();
    expect([policy.delayMs("network"), policy.delayMs("network")]).toEqual([3_000, 3_000]);
    policy.onRetry(1_234);
    expect([policy.delayMs("network"), policy.delayMs("network")]).toEqual([1_234, 1_234]);
  });

  test("gives up when it is refused", () => {
    expect(eventsource().delayMs("http-error")).toBeUndefined();
  });

  test.each([
    [0, 10],
    [1e300, 2 ** 31 - 1],
  ])("turns a retry of %f ms into %i ms, which a timer can hold", (retryMs, delayMs) => {
    const policy = eventsource();
    policy.onRetry(retryMs);
    expect(policy.delayMs("network")).toBe(delayMs);
  });
});
