import { serverSettings } from "../../../../infra/stack/server-settings.ts";
import type { ProcessSpec } from "../processes/logged-process.ts";

export interface ServerPlan {
  instance: string;
  port: number;
  /** The server's one bundled file. */
  bundle: string;
  sessionSecret: string;
  ledgerDir: string;
  workDir: string;
  logFile: string;
  /** How it reaches its broker, where the topology has one. */
  broker: Readonly<Record<string, string>>;
}

/** How to start one server: the same bundle for all, what differs is in its environment. */
export const serverSpec = (plan: ServerPlan): ProcessSpec => ({
  name: plan.instance,
  command: process.execPath,
  args: [plan.bundle],
  env: {
    ...serverSettings,
    HOST: "127.0.0.1",
    PORT: String(plan.port),
    INSTANCE: plan.instance,
    SESSION_SECRET: plan.sessionSecret,
    LEDGER_DIR: plan.ledgerDir,
    ...plan.broker,
  },
  cwd: plan.workDir,
  logFile: plan.logFile,
});
