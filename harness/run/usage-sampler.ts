/** Records the CPU time and memory of a deployment while the load runs. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Recorder, UsageObservation } from "../history/observation.ts";
import { parseObservation } from "../history/parse-observation.ts";
import type { ComponentUsage } from "../platform/platform.ts";

export interface UsageSampler {
  /** One reading. Resolves when it is recorded, or has failed. */
  read(): Promise<void>;
  /** Reads at once, then again and again until `stop`. */
  start(): void;
  /** One last reading, after the current one. Resolves when it is recorded, or has failed. */
  stop(): Promise<void>;
  /** Ends without a last reading. Nothing is recorded afterwards. */
  abandon(): void;
  /** What went wrong, one sentence. Undefined when every reading came. */
  problem(): string | undefined;
}

export interface SamplerTiming {
  /** Pause between two readings, ms. It bounds the cost of reading, however long one takes. */
  pauseMs: number;
  /** A reading that takes longer fails, ms. */
  limitMs: number;
}

const TIMING: SamplerTiming = { pauseMs: 1_000, limitMs: 5_000 };

/** A failed reading does not fail the run, which is about events. `problem` explains the gap. */
export function createUsageSampler(
  usage: () => Promise<ComponentUsage[]>,
  recorder: Recorder,
  timing: SamplerTiming = TIMING,
): UsageSampler {
  const ended = new AbortController();
  let recording = true;
  let problem: string | undefined;
  let failures = 0;
  let underWay: Promise<unknown> = Promise.resolve();
  let last: Promise<void> = Promise.resolve();
  let loop: Promise<void> | undefined;

  const fail = (error: unknown): void => {
    failures += 1;
    problem ??= error instanceof Error ? error.message : String(error);
  };

  const readOnce = async (): Promise<void> => {
    const over = new AbortController();
    try {
      // A reading that timed out may still be under way. A second one would only slow both down.
      const reading = underWay.then(usage);
      underWay = reading.catch(() => undefined);
      const readings = await Promise.race([reading, timeLimit(timing.limitMs, over.signal)]);
      // A platform leaves out what it cannot read. An empty reading would pass unnoticed.
      if (readings.length === 0) throw new Error("no part could be read");
      if (recording) for (const one of readings.map(toObservation)) recorder.record(one);
    } catch (error) {
      if (recording) fail(error);
    } finally {
      over.abort();
    }
  };
  /** One reading at a time. */
  const read = (): Promise<void> => (last = last.then(readOnce));

  return {
    read,
    start() {
      loop ??= (async () => {
        while (!ended.signal.aborted) {
          await read();
          await sleep(timing.pauseMs, undefined, { signal: ended.signal }).catch(() => undefined);
        }
      })();
    },
    async stop() {
      ended.abort();
      await loop;
      await read();
      recording = false;
    },
    abandon() {
      ended.abort();
      recording = false;
    },
    problem: () =>
      problem === undefined
        ? undefined
        : `${failures === 1 ? "A reading" : `${failures} readings`} of what the parts use ` +
          `failed, so the costs may have a hole: ${problem}`,
  };
}

async function timeLimit(limitMs: number, signal: AbortSignal): Promise<never> {
  await sleep(limitMs, undefined, { signal });
  throw new Error(`it took longer than ${limitMs} ms`);
}

/** Rejects figures that are not numbers, which would make the whole history unreadable. */
function toObservation(reading: ComponentUsage): UsageObservation {
  const observation: UsageObservation = { type: "usage", ...reading };
  parseObservation(JSON.stringify(observation));
  return observation;
}
