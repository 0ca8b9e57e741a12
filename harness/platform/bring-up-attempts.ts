/** Bringing a deployment up again after a cause that a new attempt removes. */
import type { UpOptions } from "./platform.ts";

/** A port can be taken between its choice and its use. */
const ATTEMPTS = 3;

/** Says in one line why another attempt may succeed. Undefined: it would not. */
export type ReasonToRetry = (error: unknown) => string | undefined | Promise<string | undefined>;

export const PORT_TAKEN =
  "another program took a port in the meantime; starting over with other ports";

/**
 * Brings a deployment up in at most three attempts. What an attempt announces is held back until
 * it succeeds: for the caller, the components of a failed attempt never existed.
 *
 * @throws the error of the last attempt
 */
export const bringUpInAttempts = async <D>(
  options: UpOptions,
  attempt: (options: UpOptions) => Promise<D>,
  reasonToRetry: ReasonToRetry,
): Promise<D> => {
  for (let count = 1; ; count += 1) {
    const heldBack: (() => void)[] = [];
    let isUp = false;
    const announce = (tell: () => void): void => {
      if (isUp) tell();
      else heldBack.push(tell);
    };
    try {
      const deployment = await attempt({
        ...options,
        onInstance: (...news) => announce(() => options.onInstance?.(...news)),
        onComponentExit: (...news) => announce(() => options.onComponentExit?.(...news)),
      });
      isUp = true;
      for (const tell of heldBack) tell();
      return deployment;
    } catch (error) {
      const mayRetry = count < ATTEMPTS && options.signal?.aborted !== true;
      const reason = mayRetry ? await reasonToRetry(error) : undefined;
      if (reason === undefined) throw error;
      options.onStep?.(reason);
    }
  }
};
