/** Reads what the parts of a deployment use while the load runs, and writes it into the history. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Recorder, UsageObservation } from "../history/observation.ts";
import { parseObservation } from "../history/parse-observation.ts";
import type { ComponentUsage } from "../platform/platform.ts";

export interface UsageSampler {
  /** One reading. Resolves when it is recorded, or has failed. */
  read(): Promise<void>;
  /** Reads at once, then again and again until `stop`. */
  start(): void;
  /** One last reading, after the one that is under way. Resolves when it is recorded, or has failed. Nothing is recorded afterwards. */
  stop(): Promise<void>;
  /** Ends it without a last reading. Nothing is recorded afterwards. */
  abandon(): void;
  /** What went wrong, one sentence. Undefined when every reading came. */
  problem(): string | undefined;
}

export interface SamplerTiming {
  /** Pause from the end of one reading to the start of the next: the cost of reading is bounded however long one takes. Milliseconds. */
  pauseMs: number;
  /** A reading that takes longer is given up. Milliseconds. */
  limitMs: number;
}

const TIMING: SamplerTiming = { pauseMs: 1_000, limitMs: 5_000 };

/** A reading that fails is no reason to fail a run: the run is about events, and `problem` tells why its costs have a hole. */
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
      // One that was given up may still be under way; a second one beside it would only make both later.
      const reading = underWay.then(usage);
      underWay = reading.catch(() => undefined);
      const readings = await Promise.race([reading, timeLimit(timing.limitMs, over.signal)]);
      // A platform leaves out what it cannot read; with nothing left, nobody else would say so.
      if (readings.length === 0) throw new Error("no part could be read");
      if (recording) for (const one of readings.map(toObservation)) recorder.record(one);
    } catch (error) {
      if (recording) fail(error);
    } finally {
      over.abort();
    }
  };
  /** Readings in a row, whoever asks for them. */
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
        : `${failures === 1 ? "A reading" : `${failures} readings`} of what the parts use failed, so the costs may have a hole: ${problem}`,
  };
}

async function timeLimit(limitMs: number, signal: AbortSignal): Promise<never> {
  await sleep(limitMs, undefined, { signal });
  throw new Error(`it took longer than ${limitMs} ms`);
}

/** A figure that is none would make the whole history unreadable, so it is found here. */
function toObservation(reading: ComponentUsage): UsageObservation {
  const observation: UsageObservation = { type: "usage", ...reading };
  parseObservation(JSON.stringify(observation));
  return observation;
}
