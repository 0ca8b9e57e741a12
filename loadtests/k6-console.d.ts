/**
 * k6's own `console`, which `@types/k6` does not declare. Merges with Node's where both are known.
 */
interface Console {
  log(message?: unknown, ...more: unknown[]): void;
}
// Node declares it so too, and both must agree.
// eslint-disable-next-line no-var
declare var console: Console;
