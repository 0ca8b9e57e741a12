import exec from "k6/execution";
import { ClockOffset } from "../../../harness/load/portable/clock-offset.ts";

/** Milliseconds since this k6 process's test began; monotonic, and whole on some versions of k6. */
export const nowMs = (): number => exec.instance.currentTestRunDuration;

/** When the scenario of this process began, on {@link nowMs}'s clock. */
export const scenarioStartMs = (): number => nowMs() - (Date.now() - exec.scenario.startTime);

/** The instances' clock as this VU knows it. Each answer with an instance's time adds a reading. */
export const instanceClock = new ClockOffset();
