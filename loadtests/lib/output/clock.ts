import exec from "k6/execution";
import { ClockOffset } from "../../../harness/load/portable/clock-offset.ts";

/**
 * Milliseconds since this k6 process's test began. k6 reads its host's wall clock, so a step of
 * that clock moves it; {@link instanceClock} notices.
 */
export const nowMs = (): number => exec.instance.currentTestRunDuration;

/** When the scenario of this process began, on {@link nowMs}'s clock, to a millisecond. */
export const scenarioStartMs = (): number => nowMs() - (Date.now() - exec.scenario.startTime);

/** The instances' clock as this VU knows it. Each answer with an instance's time adds a reading. */
export const instanceClock = new ClockOffset();
