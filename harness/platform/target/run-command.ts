/** A command of the user that bounces a deployment which the lab did not start. */
import { execa } from "execa";

const TAIL_LINES = 20;

/**
 * Resolves when it has ended with 0. The user's own shell line, with the user's own environment.
 * @throws Error with its exit code and last lines; the reason of the abort
 */
export async function runBounceCommand(command: string, signal: AbortSignal): Promise<void> {
  const result = await execa(command, {
    shell: true,
    all: true,
    reject: false,
    stdin: "ignore",
    cancelSignal: signal,
    forceKillAfterDelay: 2_000,
    maxBuffer: 1_000_000,
  });
  signal.throwIfAborted();
  if (result.exitCode === 0) return;
  const tail = result.all.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  const how =
    result.exitCode === undefined
      ? `ended by ${result.signal ?? "a signal"}`
      : `exit code ${result.exitCode}`;
  throw new Error(`the bounce command failed (${how})${tail === "" ? "" : `:\n${tail}`}`);
}
