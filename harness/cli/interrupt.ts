/** Ctrl-C: the first one cleans up, the second one exits at once and leaves that to the reaper. */
import { closeSync, fstatSync, openSync } from "node:fs";
import { EXIT } from "./exit.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Thrown into the running command by the first signal. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/**
 * Node resets its terminal when it exits, and aborts if that is gone. So the three descriptors get
 * another file, each the lowest free number after its close.
 */
const leaveTerminal = (): void => {
  for (const fd of [0, 1, 2]) {
    if (!fstatSync(fd).isCharacterDevice()) continue;
    closeSync(fd);
    openSync("/dev/null", "r+");
  }
};

/** Runs `command` with a signal that the first Ctrl-C aborts. */
export async function interruptible<T>(command: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (name === "SIGHUP") leaveTerminal();
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write(`\n${name}: cleaning up (again to exit at once)\n`);
    controller.abort(new Interrupted(name));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await command(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
