/** The stacks that records tell of, and what has to become of each. */
import { hostname } from "node:os";
import type Dockerode from "dockerode";
import type { StackRecord } from "../../../infra/stack-args.ts";
import { isRunning } from "../local/process-identity.ts";
import { runsAnything } from "./stack-parts.ts";

/**
 * - `owned`: a living command has it: nobody else's business.
 * - `kept`: left running on purpose, and still running.
 * - `leftover`: its command is dead, or everything of it is: to be removed.
 * - `foreign`: of another host that sees the same folder: its pids and containers mean nothing here.
 */
export type StackFate = "owned" | "kept" | "leftover" | "foreign";

export const stackFate = async (docker: Dockerode, record: StackRecord): Promise<StackFate> => {
  const { host, ...owner } = record.owner;
  if (host !== hostname()) return "foreign";
  if (record.kept && (await runsAnything(docker, record.stack))) return "kept";
  return isRunning(owner) ? "owned" : "leftover";
};
