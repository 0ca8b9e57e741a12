/** How to start the parts that are not ours. */
import type { Router } from "../../../infra/topologies.ts";
import type { ProcessSpec } from "./logged-process.ts";
import type { ResolvedTool } from "./tools/resolve-tool.ts";

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
