import type { CommandResult } from "../protocol.ts";

/** @returns undefined if it takes longer */
export async function within(
  run: Promise<CommandResult>,
  timeoutMs: number,
): Promise<CommandResult | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined);
  });
  return Promise.race([run, timeout]).finally(() => clearTimeout(timer));
}
