/** How to start the parts that are not ours. */
import { limitEnvironment } from "../../../../infra/realtime/realtime-environment.ts";
import { REALTIME_TENANT, type RealtimeTier } from "../../../../infra/realtime/realtime-settings.ts";
import { STAND_IN } from "../../../../infra/realtime/stand-in-name.ts";
import type { Router } from "../../../../infra/topologies.ts";
import type { ProcessSpec } from "../processes/logged-process.ts";
import type { ResolvedTool } from "../../../../infra/tools/resolve-tool.ts";

export const BROKER_NAME = "valkey";

/** Valkey keeps nothing on disk: pub/sub has nothing to keep, and a snapshot in the middle of a run would be measured. */
export const valkeySpec = (
  tool: ResolvedTool,
  port: number,
  folder: string,
  logFile: string,
): ProcessSpec => ({
  name: BROKER_NAME,
  command: tool.path,
  args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder],
  env: tool.env,
  cwd: folder,
  logFile,
});

/** First labels of the names by which this host is reached: the server takes the tenant from them. */
const TENANTS = ["127", "localhost", REALTIME_TENANT];

export interface StandInPlan {
  port: number;
  /** Its one bundled file. */
  bundle: string;
  jwtSecret: string;
  /** Whose limits it enforces. */
  plan: RealtimeTier;
  workDir: string;
  logFile: string;
}

export const standInSpec = (stand: StandInPlan): ProcessSpec => ({
  name: STAND_IN,
  command: process.execPath,
  args: [stand.bundle],
  env: {
    HOST: "127.0.0.1",
    PORT: String(stand.port),
    API_JWT_SECRET: stand.jwtSecret,
    SELF_HOST_TENANT_NAME: TENANTS.join(","),
    ...limitEnvironment(stand.plan),
  },
  cwd: stand.workDir,
  logFile: stand.logFile,
});

/** A process of the router's own name. */
export const routerSpec = (
  router: Router,
  tool: ResolvedTool,
  configFile: string,
  folder: string,
  logFile: string,
): ProcessSpec => ({
  name: router,
  command: tool.path,
  // -db: in the foreground, one process.
  args: router === "traefik" ? [`--configFile=${configFile}`] : ["-db", "-f", configFile],
  env: tool.env,
  cwd: folder,
  logFile,
});
