import { SharedArray } from "k6/data";
import type { LoadPlan } from "../../../harness/load/portable/load-plan.ts";
import {
  scheduleSessions,
  type SessionSchedule,
} from "../../../harness/load/portable/load-schedule.ts";

/**
 * What each session will do, in order of arrival: the native engine's schedule, drawn once per k6
 * process and shared by its VUs.
 */
export const shareSchedule = (plan: LoadPlan): readonly SessionSchedule[] =>
  new SharedArray("schedule", () => scheduleSessions(plan));

const randomName = (): string => Math.random().toString(36).slice(2, 10).padEnd(8, "0");

/** Name of this k6 process, drawn once: every VU's lines carry it. */
export const shareProcessName = (): string =>
  new SharedArray("process", () => [randomName()])[0] ?? "";
