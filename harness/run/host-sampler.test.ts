import { afterEach, expect, test, vi } from "vitest";
import type { Observation } from "../history/observation.ts";
import { parseObservation } from "../history/parse-observation.ts";
import { createHostSampler } from "./host-sampler.ts";

afterEach(() => void vi.useRealTimers());

test("a sample states what happened since the one before", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const files: Record<string, string> = {
    "/proc/stat": "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n",
    "/proc/loadavg": "9.35 9.07 6.54 7/412 44803\n",
  };
  const recorded: Observation[] = [];
  const sampler = createHostSampler(
    { record: (observation) => recorded.push(observation) },
    (path) => files[path],
  );
  sampler.start();
  expect(recorded).toEqual([]);
  files["/proc/stat"] = "cpu  160 0 70 810 50 0 0 10 0 0\n";
  vi.advanceTimersByTime(1_000);
  expect(recorded).toMatchObject([
    { type: "host", cpuBusyShare: 0.8, stealShare: 0.1, runnable: 7 },
  ]);
  expect(recorded[0]).not.toHaveProperty("pressureShare");
  sampler.stop();
  sampler.stop();
  vi.advanceTimersByTime(5_000);
  expect(recorded).toHaveLength(2);
});

test("this host's samples are observations", () => {
  const recorded: Observation[] = [];
  const sampler = createHostSampler({ record: (observation) => recorded.push(observation) });
  sampler.start();
  sampler.stop();
  for (const one of recorded) expect(parseObservation(JSON.stringify(one))).toEqual(one);
});

test("a host without /proc has no samples", () => {
  const recorded: Observation[] = [];
  const sampler = createHostSampler(
    { record: (observation) => recorded.push(observation) },
    () => undefined,
  );
  sampler.start();
  sampler.stop();
  expect(recorded).toEqual([]);
});
