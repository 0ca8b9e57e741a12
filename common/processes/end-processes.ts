import { setTimeout as delay } from "node:timers/promises";
import { isRunning, signalProcess, type ProcessIdentity } from "./process-identity.ts";

const GIVE_UP_MS = 5000;
const POLL_MS = 10;

/**
 * SIGKILL to exactly these processes. Resolves when all are gone, with how many still ran. No
 * SIGTERM first: ledgers are written record by record and survive a kill, and nothing else of
 * theirs is worth a wait.
 *
 * @throws when one of them is still there after 5 s
 */
export const endProcesses = async (identities: readonly ProcessIdentity[]): Promise<number> => {
  const ended = identities.filter((identity) => signalProcess(identity, "SIGKILL"));
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const left = ended.filter(isRunning);
    if (left.length === 0) return ended.length;
    if (performance.now() > deadline) {
      throw new Error(`still running after SIGKILL: pid ${left.map((one) => one.pid).join(", ")}`);
    }
    await delay(POLL_MS);
  }
};
