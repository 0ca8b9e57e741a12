/**
 * One malformed message or one dropped event is rarely the last: thousands a second are possible.
 */
const EVENTS_PER_LOG_LINE = 1000;

/** Calls `report` for the 1st, 1001st, 2001st, ... value, with the count so far. */
export function sampleLog<T>(report: (value: T, count: number) => void): (value: T) => void {
  let count = 0;
  return (value) => {
    if (count++ % EVENTS_PER_LOG_LINE === 0) report(value, count);
  };
}
