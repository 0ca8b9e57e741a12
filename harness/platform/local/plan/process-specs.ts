/** How to start each process of a deployment. */
import { limitEnvironment } from "../../../../infra/realtime/realtime-environment.ts";
import {
  REALTIME_TENANT,
  type RealtimeTier,
} from "../../../../infra/realtime/realtime-settings.ts";
import { STAND_IN } from "../../../../infra/realtime/realtime-names.ts";
import { serverSettings } from "../../../../infra/stack/server-settings.ts";
import type { Router } from "../../../../infra/topologies.ts";
import type { ProgramValues, ServiceProgram } from "../../platform.ts";
import type { ProcessSpec } from "../processes/logged-process.ts";
import type { ResolvedTool } from "../../../../infra/tools/resolve-tool.ts";

/** First labels of the host names in use: the server reads the tenant from them. */
const TENANTS = ["127", "localhost", REALTIME_TENANT];

export interface StandInSettings {
  port: number;
  /** Its one bundled file. */
  bundle: string;
  jwtSecret: string;
  /** The tier whose limits it enforces. */
  plan: RealtimeTier;
  workDir: string;
  logFile: string;
}

export const standInSpec = (settings: StandInSettings): ProcessSpec => ({
  name: STAND_IN,
  command: process.execPath,
  args: [settings.bundle],
  env: {
    HOST: "127.0.0.1",
    PORT: String(settings.port),
    API_JWT_SECRET: settings.jwtSecret,
    SELF_HOST_TENANT_NAME: TENANTS.join(","),
    ...limitEnvironment(settings.plan),
  },
  cwd: settings.workDir,
  logFile: settings.logFile,
});

/** The process has the router's name. */
export const routerSpec = (
  router: Router,
  tool: ResolvedTool,
  configFile: string,
  folder: string,
  logFile: string,
): ProcessSpec => ({
  name: router,
  command: tool.path,
  // -db: one process, in the foreground.
  args: router === "traefik" ? [`--configFile=${configFile}`] : ["-db", "-f", configFile],
  env: tool.env,
  cwd: folder,
  logFile,
});

/** A program of the user as one instance. It may start others, which end with it. */
export const programSpec = (
  service: ServiceProgram,
  values: ProgramValues,
  logFile: string,
): ProcessSpec => {
  const { command, environment } = service.start(values);
  const [program, ...args] = command;
  return {
    name: values.instance,
    command: program,
    args,
    env: environment,
    cwd: service.folder,
    logFile,
    group: true,
  };
};

export interface ServerSettings {
  instance: string;
  port: number;
  /** The server's one bundled file. */
  bundle: string;
  sessionSecret: string;
  ledgerDir: string;
  workDir: string;
  logFile: string;
  /** How it reaches its broker, if the topology has one. */
  broker: Readonly<Record<string, string>>;
  /** In place of single `serverSettings`. */
  settings?: Readonly<Record<string, string>> | undefined;
}

/** All servers run the same bundle. They differ in their environment. */
export const serverSpec = (settings: ServerSettings): ProcessSpec => ({
  name: settings.instance,
  command: process.execPath,
  args: [settings.bundle],
  env: {
    ...serverSettings,
    ...settings.settings,
    HOST: "127.0.0.1",
    PORT: String(settings.port),
    INSTANCE: settings.instance,
    SESSION_SECRET: settings.sessionSecret,
    LEDGER_DIR: settings.ledgerDir,
    ...settings.broker,
  },
  cwd: settings.workDir,
  logFile: settings.logFile,
});
