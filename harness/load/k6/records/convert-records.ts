import type {
  HostObservation,
  Observation,
  PlannedObservation,
} from "../../../history/observation.ts";
import type { K6LogRecord } from "../../portable/k6-log-records.ts";
import type { OwnRecord } from "./parse-k6-log-record.ts";

/** To the microsecond: a sum of two readings has no finer digits. */
export const inMicroseconds = (ms: number): number => Math.round(ms * 1000) / 1000;

/** A record of sessions, or of the machine that made the load. */
export type LoadRecord = Exclude<K6LogRecord, OwnRecord> | PlannedObservation | HostObservation;

/**
 * A record of a load on the instances' clock. What an instance stated itself is on that clock
 * already: when it subscribed a stream, and when it handed an event to the broker. A stream without
 * an instance was confirmed to the client alone.
 */
export function toObservation(record: LoadRecord, offsetMs: number): Observation {
  const convert = (ms: number): number => inMicroseconds(ms + offsetMs);
  if (record.type === "planned") return { ...record, arriveMs: convert(record.arriveMs) };
  const atMs = convert(record.atMs);
  if (record.type === "request" && record.sentMs !== undefined)
    return { ...record, sentMs: convert(record.sentMs), atMs };
  if (record.type === "received" && record.publishedMs !== undefined)
    return { ...record, publishedMs: convert(record.publishedMs), atMs };
  if (record.type !== "connected" && record.type !== "connect-failed") return { ...record, atMs };
  const attempt = record.attemptMs === undefined ? {} : { attemptMs: convert(record.attemptMs) };
  return record.type === "connected" && record.instance === undefined
    ? { ...record, ...attempt, subscribedMs: convert(record.subscribedMs), atMs }
    : { ...record, ...attempt, atMs };
}
