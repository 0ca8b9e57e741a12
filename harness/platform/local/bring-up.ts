/** Brings a topology up: tools, bundle, Valkey, servers, Traefik, in the order in which they need each other. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import type { UpOptions } from "../platform.ts";
import { removeState, stateFile, writeState, type DeploymentState } from "./deployment-state.ts";
import { saysPortTaken } from "./free-port.ts";
import { ledgerFolder, toDeployment, type LocalDeployment } from "./local-deployment.ts";
import type { LocalParts } from "./local-parts.ts";
import type { ProcessSpec } from "./logged-process.ts";
import { identityOf } from "./process-identity.ts";
import { ProcessTable } from "./process-table.ts";
import { startReaper } from "./reaper-client.ts";
import { removeOwnPaths } from "./remove-own-paths.ts";
import { serverSpec } from "./server-spec.ts";
import { writeTraefikConfig } from "./traefik-config.ts";
import { ROUTER_NAME, traefikSpec, valkeySpec } from "./infrastructure-specs.ts";
import { waitForBroker, waitForRoute } from "./infrastructure-waits.ts";
import type { ResolvedTool } from "./tools/resolve-tool.ts";

interface Tools {
  traefik: ResolvedTool;
  /** Undefined when the topology has no broker, or is to find it stopped. */
  valkey: ResolvedTool | undefined;
}

/** A port can be taken between being chosen and being listened on; then everything starts over with others. */
const ATTEMPTS = 3;

const folders = (workDir: string) => ({
  logs: join(workDir, "logs"),
  ledger: ledgerFolder(workDir),
  router: join(workDir, "router"),
  broker: join(workDir, "broker"),
  programs: join(workDir, "programs"),
});

type Announce = Required<Pick<UpOptions, "onInstance" | "onStep">>;

const bringUpOnce = async (
  options: UpOptions,
  parts: LocalParts,
  tools: Tools,
  announce: Announce,
): Promise<LocalDeployment> => {
  const { topology, signal } = options;
  const workDir = resolve(options.workDir);
  const own = folders(workDir);
  const withBroker = topology.broadcaster === "redis";
  const [port, opsPort, brokerPort] = [
    await parts.choosePort(),
    await parts.choosePort(),
    await parts.choosePort(),
  ];
  const redisUrl = withBroker ? `redis://127.0.0.1:${brokerPort}` : undefined;
  const sessionSecret = randomBytes(32).toString("hex");
  const bundle = join(own.programs, "server.mjs");
  const specs = new Map<string, ProcessSpec>();
  const instances: DeploymentState["instances"] = [];
  for (let number = 1; number <= options.replicas; number += 1) {
    const name = `server-${number}`;
    const serverPort = await parts.choosePort();
    const { broadcaster } = topology;
    const logFile = join(own.logs, `${name}.log`);
    const place = { bundle, ledgerDir: own.ledger, workDir, logFile };
    instances.push({ name, url: `http://127.0.0.1:${serverPort}` });
    specs.set(
      name,
      serverSpec({ instance: name, port: serverPort, sessionSecret, broadcaster, redisUrl, ...place }),
    );
  }
  const owner = identityOf(process.pid);
  if (!owner) throw new Error("this process does not find itself in the process table");
  const state: DeploymentState = {
    schemaVersion: 1,
    id: `${topology.name}-${randomBytes(4).toString("hex")}`,
    host: hostname(),
    kept: false,
    owner,
    startedAt: new Date().toISOString(),
    topology: topology.name,
    workDir,
    ownPaths: Object.values(own),
    url: `http://127.0.0.1:${port}`,
    opsUrl: `http://127.0.0.1:${opsPort}`,
    instances,
    versions: {
      node: process.versions.node,
      traefik: tools.traefik.version,
      ...(tools.valkey ? { valkey: tools.valkey.version } : {}),
    },
    processes: [],
  };
  // On record before anything exists that would have to be removed.
  writeState(parts.stateDir, state);
  let deployment: LocalDeployment | undefined;
  try {
    await Promise.all(Object.values(own).map((folder) => mkdir(folder, { recursive: true })));
    const reaper = await startReaper({
      workDir,
      ownPaths: state.ownPaths,
      stateFile: stateFile(parts.stateDir, state.id),
      bundle: join(own.programs, "reaper.mjs"),
    });
    const processes = new ProcessTable(parts.stateDir, state, reaper);
    deployment = toDeployment({
      ...announce,
      signal,
      stateDir: parts.stateDir,
      state,
      processes,
      reaper,
      specs,
    });
    const { control } = deployment;
    announce.onStep("building the server");
    await parts.buildServer(bundle);
    signal?.throwIfAborted();
    if (tools.valkey) {
      announce.onStep(`starting ${tools.valkey.name} ${tools.valkey.version}`);
      const broker = await processes.start(
        valkeySpec(tools.valkey, brokerPort, own.broker, join(own.logs, "valkey.log")),
      );
      await waitForBroker(broker, brokerPort, signal);
    }
    await Promise.all(instances.map(({ name }) => control.boot(name)));
    // After the servers: Traefik takes every server for healthy until its first check, and would say so.
    const { affinity } = topology;
    const servers = instances.map(({ url }) => url);
    const config = await writeTraefikConfig(own.router, { port, opsPort, servers, affinity });
    announce.onStep(`starting traefik ${tools.traefik.version}`);
    const router = await processes.start(
      traefikSpec(tools.traefik, config, own.router, join(own.logs, `${ROUTER_NAME}.log`)),
    );
    await waitForRoute(router, state.url, signal);
    await control.waitForRouter(deployment.instances);
    signal?.throwIfAborted();
    return deployment;
  } catch (error) {
    if (deployment) await deployment.down();
    else {
      await removeOwnPaths(workDir, state.ownPaths);
      removeState(parts.stateDir, state.id);
    }
    throw error;
  }
};

/**
 * Resolves when the router sends traffic to every instance.
 *
 * @throws whatever kept it from coming up; nothing of it is left by then
 */
export const bringUp = async (options: UpOptions, parts: LocalParts): Promise<LocalDeployment> => {
  const { topology, replicas, signal } = options;
  if (!Number.isInteger(replicas) || replicas < 1) throw new Error(`replicas: ${replicas} is not 1 or more`);
  const taken = Object.values(folders(resolve(options.workDir))).find((folder) => existsSync(folder));
  if (taken !== undefined) {
    throw new Error(`${taken} is there already: each deployment needs a work folder of its own`);
  }
  const onStep = (step: string): void => options.onStep?.(step);
  signal?.throwIfAborted();
  const traefik = await parts.resolveTool("traefik", { onStep, signal });
  const needsValkey = topology.broadcaster === "redis" && options.redis === "up";
  const valkey = needsValkey ? await parts.resolveTool("valkey", { onStep, signal }) : undefined;
  for (let attempt = 1; ; attempt += 1) {
    // Held back until the attempt has succeeded: an instance of a failed attempt has never been there.
    const held: Parameters<Announce["onInstance"]>[] = [];
    let isUp = false;
    const onInstance: Announce["onInstance"] = (...report) => {
      if (isUp) options.onInstance?.(...report);
      else held.push(report);
    };
    try {
      const deployment = await bringUpOnce(options, parts, { traefik, valkey }, { onInstance, onStep });
      isUp = true;
      for (const report of held) options.onInstance?.(...report);
      return deployment;
    } catch (error) {
      if (attempt === ATTEMPTS || !saysPortTaken(error) || signal?.aborted) throw error;
      onStep("a port was taken by another program meanwhile; starting over with other ports");
    }
  }
};
