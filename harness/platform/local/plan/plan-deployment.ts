/** Decides folders, ports, addresses and process specs before anything of a deployment exists. */
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { STAND_IN } from "../../../../infra/realtime/realtime-names.ts";
import type { RouterFile, RouterPlan } from "../../../../infra/routers/router-plan.ts";
import type { LocalRouterPlan } from "../control/change-router.ts";
import { routerConfig } from "../../../../infra/routers/router-config.ts";
import { realtimeServerEnvironment } from "../../../../infra/realtime/realtime-environment.ts";
import { DEFAULT_REALTIME_SETTINGS } from "../../../../infra/realtime/realtime-settings.ts";
import { hasBroker } from "../../../../infra/realtime/stack-realtime.ts";
import { labVersion } from "../../../../common/lab-version.ts";
import type { Peer, ServiceProgram, UpOptions } from "../../platform.ts";
import type { DeploymentState } from "../deployment-state.ts";
import type { ChoosePort } from "../../../../common/free-port.ts";
import { brokerSpec } from "./broker-spec.ts";
import { programSpec, routerSpec, serverSpec } from "./process-specs.ts";
import { RELAY, relaySpec, type RelayedLink } from "../relay/relay-plan.ts";
import { ledgerFolder } from "../local-deployment.ts";
import type { ProcessSpec } from "../processes/logged-process.ts";
import { BROADCASTER_FLAGS } from "../../../../infra/topologies.ts";
import { planRealtime } from "./plan-realtime.ts";
import { thisCheckout } from "../../../../common/checkout-identity.ts";
import { thisOwner } from "../../../../common/processes/owner.ts";
import type { ResolvedTool } from "../../../../infra/tools/resolve-tool.ts";

export interface Tools {
  /** The router of the topology. */
  router: ResolvedTool;
  /** Undefined if the topology has no broker, or starts without it. */
  valkey: ResolvedTool | undefined;
}

/** The folders that a deployment creates in its work folder. It removes nothing else there. */
export type DeploymentFolders = Readonly<
  Record<"logs" | "ledger" | "router" | "broker" | "programs", string>
>;

export const deploymentFolders = (workDir: string): DeploymentFolders => {
  const inside = (name: string): string => join(resolve(workDir), name);
  return {
    logs: inside("logs"),
    ledger: ledgerFolder(resolve(workDir)),
    router: inside("router"),
    broker: inside("broker"),
    programs: inside("programs"),
  };
};

export interface DeploymentPlan {
  state: DeploymentState;
  folders: DeploymentFolders;
  /** Where the server's bundle is built. */
  serverBundle: string;
  /** By instance name. */
  servers: ReadonlyMap<string, ProcessSpec>;
  /** Valkey, which carries the events or keeps the event log. */
  broker: { spec: ProcessSpec; port: number } | undefined;
  /** Present if the links can be cut. */
  relay: ProcessSpec | undefined;
  /** The Realtime stand-in, and where its bundle is built. */
  standIn: { spec: ProcessSpec; bundle: string } | undefined;
  routerFiles: readonly RouterFile[];
  routerPlan: LocalRouterPlan;
  routerSpec: ProcessSpec;
}

const loopback = (port: number): string => `http://127.0.0.1:${port}`;

const stateOf = ({
  name,
  readyPath,
  readyWithinMs,
  stopSignal,
  graceMs,
}: ServiceProgram): NonNullable<DeploymentState["service"]> => ({
  name,
  readyPath,
  stopSignal,
  ...(readyWithinMs === undefined ? {} : { readyWithinMs }),
  ...(graceMs === undefined ? {} : { graceMs }),
});

export const planDeployment = async (
  options: UpOptions,
  tools: Tools,
  choosePort: ChoosePort,
): Promise<DeploymentPlan> => {
  const { topology, service } = options;
  const workDir = resolve(options.workDir);
  const folders = deploymentFolders(workDir);
  const logFile = (name: string): string => join(folders.logs, `${name}.log`);
  const [port, opsPort, brokerPort] = [await choosePort(), await choosePort(), await choosePort()];
  const serverBundle = join(folders.programs, "server.mjs");
  const standInBundle = join(folders.programs, `${STAND_IN}.mjs`);
  const settings = options.realtime ?? DEFAULT_REALTIME_SETTINGS;
  const realtime =
    topology.broadcaster === "supabase"
      ? await planRealtime(
          settings,
          { bundle: standInBundle, workDir, logFile: logFile(STAND_IN) },
          choosePort,
        )
      : undefined;
  // Also set if it starts stopped, to show the fallback.
  const usesRedis = hasBroker(topology.broadcaster, settings);
  const relayed = options.relays
    ? { controlPort: await choosePort(), links: new Array<RelayedLink>() }
    : undefined;
  /** The port at which one end of a link reaches the other end. */
  const reach = async (instance: string, peer: Peer, to: number): Promise<number> => {
    if (relayed === undefined) return to;
    const at = await choosePort();
    relayed.links.push({ instance, peer, port: at, to });
    return at;
  };
  const broker = {
    ...BROADCASTER_FLAGS[topology.broadcaster],
    ...(realtime ? realtimeServerEnvironment(settings, realtime.address) : {}),
  };
  const sessionSecret = randomBytes(32).toString("hex");
  const servers = new Map<string, ProcessSpec>();
  const instances: DeploymentState["instances"] = [];
  const routed: DeploymentState["instances"] = [];
  for (let number = 1; number <= options.replicas; number += 1) {
    const name = `server-${number}`;
    const serverPort = await choosePort();
    instances.push({ name, url: loopback(serverPort) });
    routed.push({ name, url: loopback(await reach(name, "router", serverPort)) });
    const redisPort = usesRedis ? await reach(name, "redis", brokerPort) : undefined;
    const redisUrl = redisPort === undefined ? undefined : `redis://127.0.0.1:${redisPort}`;
    if (service) {
      const values = { port: serverPort, instance: name, ledgerDir: folders.ledger, redisUrl };
      servers.set(name, programSpec(service, values, logFile(name)));
      continue;
    }
    servers.set(
      name,
      serverSpec({
        instance: name,
        port: serverPort,
        bundle: serverBundle,
        sessionSecret,
        ledgerDir: folders.ledger,
        workDir,
        logFile: logFile(name),
        broker: {
          ...broker,
          ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
        },
        settings: options.serverSettings,
      }),
    );
  }
  const { host, ...owner } = thisOwner();
  const { router, valkey } = tools;
  const plan: RouterPlan = {
    webAddress: `127.0.0.1:${port}`,
    opsAddress: `127.0.0.1:${opsPort}`,
    servers: routed,
    affinity: topology.affinity,
    ...(service ? { readyPath: service.readyPath } : {}),
    resolvesNames: false,
    changes: true,
  };
  const routerFiles = routerConfig(topology.router, folders.router, plan);
  return {
    folders,
    serverBundle,
    servers,
    broker: valkey && {
      spec: brokerSpec(valkey, brokerPort, {
        broadcaster: topology.broadcaster,
        folder: folders.broker,
        logs: folders.logs,
      }),
      port: brokerPort,
    },
    relay: relayed && (await relaySpec(relayed, workDir, logFile(RELAY))),
    standIn: realtime?.spec && { spec: realtime.spec, bundle: standInBundle },
    routerFiles,
    routerPlan: { router: topology.router, folder: folders.router, plan },
    routerSpec: routerSpec(
      topology.router,
      router,
      routerFiles[0].path,
      folders.router,
      logFile(topology.router),
    ),
    state: {
      schemaVersion: 1,
      id: `${topology.name}-${randomBytes(4).toString("hex")}`,
      checkout: thisCheckout(),
      host,
      kept: false,
      owner,
      startedAt: new Date().toISOString(),
      topology: topology.name,
      workDir,
      ownPaths: Object.values(folders),
      url: loopback(port),
      opsUrl: loopback(opsPort),
      router: topology.router,
      instances,
      routed,
      ...(valkey ? { broker: { port: brokerPort } } : {}),
      ...(relayed ? { relayUrl: loopback(relayed.controlPort) } : {}),
      versions: {
        node: process.versions.node,
        [topology.router]: router.version,
        ...(valkey ? { valkey: valkey.version } : {}),
        ...(realtime?.spec ? { [realtime.spec.name]: await labVersion() } : {}),
      },
      ...(realtime ? { realtime: realtime.state } : {}),
      ...(service ? { service: stateOf(service) } : {}),
      processes: [],
    },
  };
};
