/** Where the relay of a deployment listens, and where its links lead. */
import { bundledProgram } from "../../../../common/bundle/bundled-program.ts";
import type { Peer } from "../../platform.ts";
import type { ProcessSpec } from "../processes/logged-process.ts";

export interface RelayedLink {
  instance: string;
  peer: Peer;
  /** The relay takes connections here. */
  port: number;
  /** They lead to this port. */
  to: number;
}

export interface RelayPlan {
  controlPort: number;
  links: readonly RelayedLink[];
}

export const RELAY = "relay";

export const relaySpec = async (
  plan: RelayPlan,
  cwd: string,
  logFile: string,
): Promise<ProcessSpec> => ({
  name: RELAY,
  command: process.execPath,
  args: [await bundledProgram("relay"), JSON.stringify(plan)],
  env: {},
  cwd,
  logFile,
});
