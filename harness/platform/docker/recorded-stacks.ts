/** The stacks that records tell of, and what has to become of each. */
import type Dockerode from "dockerode";
import type { StackOwner, StackRecord } from "../../../infra/stack/stack-args.ts";
import { isRunning } from "../../../common/process-identity.ts";
import { thisOwner } from "./hold-stack.ts";
import { runsAnything } from "./stack-layout.ts";

/**
 * - `owned`: a living command has it, to bring it up or to bounce it: nobody else's business.
 * - `kept`: left running on purpose, and still running.
 * - `leftover`: its command is dead, or everything of it is: to be removed.
 * - `foreign`: of another host that sees the same folder: its pids and containers mean nothing here.
 */
export type StackFate = "owned" | "kept" | "leftover" | "foreign";

/** A boot of Linux has an id, with which start times begin: it stays when the host gets another name. */
const BOOT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=:)/;

/** Of this host, by its name or by its boot. */
export const isFromHere = ({ host, startTime }: StackOwner, here: StackOwner = thisOwner()): boolean => {
  const [boot] = BOOT.exec(startTime) ?? [];
  return host === here.host || (boot !== undefined && boot === BOOT.exec(here.startTime)?.[0]);
};

export const stackFate = async (docker: Dockerode, record: StackRecord): Promise<StackFate> => {
  const { owner } = record;
  if (!isFromHere(owner)) return "foreign";
  if (isRunning(owner)) return "owned";
  return record.kept && (await runsAnything(docker, record.stack)) ? "kept" : "leftover";
};
