import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Sends SIGKILL to a child and resolves when it has exited. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
