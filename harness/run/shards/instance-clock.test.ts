import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { nowMs } from "../../../common/clock.ts";
import { InstanceClock } from "./instance-clock.ts";

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Instances whose clocks are that far ahead, asked in turn. Ends the readings after some time. */
const difference = async (clocks: ((ms: number) => number)[], windowMs?: number) => {
  let asked = 0;
  server = createServer((_request, response) => {
    const turn = asked++ % clocks.length;
    response.setHeader("content-type", "application/json");
    const clockMs = clocks[turn]!(nowMs());
    response.end(JSON.stringify({ status: "ok", instance: `server-${turn}`, clockMs }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock = new InstanceClock(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    windowMs,
  );
  try {
    await clock.start();
    await clock.stop();
    return { ...clock.difference, instances: [...clock.instances] };
  } finally {
    await clock.close();
  }
};

test("the offset of another host's clock is right within its error", async () => {
  const { offsetMs, errorMs, instances } = await difference([(ms) => ms + 123_456.5]);
  expect(errorMs).toBeGreaterThan(0);
  expect(Math.abs(offsetMs - 123_456.5)).toBeLessThanOrEqual(errorMs!);
  expect(instances).toEqual(["server-0"]);
});

test("processes of this host have its clock", async () => {
  const found = await difference([(ms) => ms, (ms) => ms]);
  expect(found).toEqual({ offsetMs: 0, errorMs: 0, instances: ["server-0", "server-1"] });
});

test("the error covers a clock that drifts", async () => {
  const startMs = nowMs();
  // 1 % fast: without windows, the readings of the beginning and the end contradict each other.
  const clock = (ms: number): number => ms + 5_000 + 0.01 * (ms - startMs);
  const { offsetMs, errorMs } = await difference([clock], 0);
  const endMs = nowMs();
  const error = errorMs!;
  for (const atMs of [startMs + 1, endMs])
    expect(Math.abs(clock(atMs) - atMs - offsetMs)).toBeLessThanOrEqual(
      error + 0.01 * (endMs - startMs),
    );
});

test("instances on several hosts contradict each other", async () => {
  const { errorMs } = await difference([(ms) => ms + 1_000, (ms) => ms + 9_000]);
  expect(errorMs).toBeNull();
});

test("a server without an instance's clock is refused", async () => {
  await expect(difference([() => Number.NaN])).rejects.toThrow(/tells no instance's clock/);
});
