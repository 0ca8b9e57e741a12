import type { METHODS, Template } from "../service/service-protocol.ts";

/** One request of a session beside its stream. */
export interface ControlRequest {
  method: (typeof METHODS)[number];
  path: string;
  /** The path before its placeholders were filled: one for all sessions. */
  route?: Template;
  headers: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON. */
  body?: unknown;
}

export interface ControlAnswer {
  /** HTTP status; 0 without an answer. */
  status: number;
  instance?: string;
  /** From a `Retry-After` in seconds, milliseconds. */
  retryAfterMs?: number;
  /** Why there is no answer. Contains no token and no URL. */
  reason?: string;
  /** Names in lower case. */
  headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The parsed body of a JSON answer, else undefined. */
  body: unknown;
}

/** What a session does next: it sends a request, or waits. */
export type Step = ControlRequest | { waitMs: number };

/**
 * Steps of a session, as a generator, so that one text serves an engine that awaits answers and one
 * that blocks until they come.
 */
export type Steps<T> = Generator<Step, T, ControlAnswer | undefined>;

/** Takes one step, and returns the answer to a request. */
type Perform<A> = (step: Step) => A;
type Performed = ControlAnswer | undefined;

/** Runs steps to their end, or to the first that rejects. */
export async function runSteps<T>(
  steps: Steps<T>,
  perform: Perform<Promise<Performed>>,
): Promise<T> {
  let next = steps.next();
  while (next.done !== true) next = steps.next(await perform(next.value));
  return next.value;
}

/** As {@link runSteps}, where each step blocks until it is done. */
export function runStepsBlocking<T>(steps: Steps<T>, perform: Perform<Performed>): T {
  let next = steps.next();
  while (next.done !== true) next = steps.next(perform(next.value));
  return next.value;
}
