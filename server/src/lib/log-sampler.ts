/** Whoever sends one malformed message may send thousands a second; whatever drops one event drops the next. */
const PER_LOG_LINE = 1000;

/** Calls for the first of every thousand, with how many there were. */
export function sampleLog<T>(report: (value: T, count: number) => void): (value: T) => void {
  let count = 0;
  return (value) => {
    if (count++ % PER_LOG_LINE === 0) report(value, count);
  };
}
