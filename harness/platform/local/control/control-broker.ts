/** Valkey of a deployment: what bounces do to it. */
import { mkdir } from "node:fs/promises";
import { freePort } from "../../../../common/free-port.ts";
import { serialize } from "../../../../common/serialize.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { failOver, isInSync } from "../../redis-failover.ts";
import { nothingToKill } from "../../bounce-errors.ts";
import type { BrokerComponent, DeploymentListeners } from "../../platform.ts";
import { waitForBroker } from "../plan/infrastructure-waits.ts";
import { BROKER_NAMES, type BrokerName, brokerSpecAs } from "../plan/broker-spec.ts";
import {
  killProcess,
  pauseProcess,
  type LoggedProcess,
  type ProcessSpec,
} from "../processes/logged-process.ts";
import type { ProcessTable } from "../processes/process-table.ts";
import { connectRedis } from "../../ask-redis.ts";

export interface ControlledBroker extends DeploymentListeners {
  /** Of either process. */
  spec: ProcessSpec;
  /** The address of Redis, a port of 127.0.0.1, whichever process has it. */
  port: number;
  processes: ProcessTable;
}

const SYNC_TIMEOUT_MS = 10_000;

/**
 * Two processes take turns: after a failover, the other one is the primary. At rest only the
 * primary runs.
 */
export const controlBroker = (given: ControlledBroker): BrokerComponent => {
  const { spec, port, processes, signal } = given;
  let primary: BrokerName = BROKER_NAMES.find((name) => processes.running(name)) ?? "valkey";
  const otherOf = (name: BrokerName): BrokerName => (name === "valkey" ? "valkey-2" : "valkey");
  const expected = new WeakSet<LoggedProcess>();
  const watch = (started: LoggedProcess): void =>
    processes.watch(started, given, () => expected.has(started));
  /** A start never overtakes a kill. */
  const inOrder = serialize();
  for (const name of BROKER_NAMES) {
    const found = processes.running(name);
    if (found) watch(found);
  }

  const running = (name: BrokerName): LoggedProcess => {
    const found = processes.running(name);
    if (!found) throw new Error(nothingToKill(name));
    return found;
  };
  const kill = async (name: BrokerName): Promise<void> => {
    const found = running(name);
    expected.add(found);
    await killProcess(found);
  };
  const launch = async (wanted: ProcessSpec, at: number): Promise<LoggedProcess> => {
    given.onStep?.(`starting ${wanted.name}`);
    await mkdir(wanted.cwd, { recursive: true });
    const started = await processes.start(wanted);
    watch(started);
    await waitForBroker(started, at, signal);
    return started;
  };

  let replicaPort: number | undefined;
  const replicate = async (): Promise<void> => {
    const at = await freePort();
    const replicaOf = `127.0.0.1 ${port}`;
    const started = await launch(brokerSpecAs(spec, otherOf(primary), { port: at, replicaOf }), at);
    using replica = await connectRedis("127.0.0.1", at);
    await waitFor({
      name: `${started.spec.name} to be in sync with ${primary}`,
      timeoutMs: SYNC_TIMEOUT_MS,
      condition: () => isInSync(replica.ask),
      processes: [started],
      signal,
    });
    replicaPort = at;
  };
  const promote = async (): Promise<void> => {
    if (replicaPort === undefined) throw new Error(`${primary} has no replica`);
    using old = await connectRedis("127.0.0.1", port);
    using replica = await connectRedis("127.0.0.1", replicaPort);
    await failOver({
      primary: old.ask,
      replica: replica.ask,
      host: "127.0.0.1",
      port,
      oldPrimaryPort: await freePort(),
    });
    replicaPort = undefined;
    primary = otherOf(primary);
  };
  return {
    get name() {
      return primary;
    },
    kill: () => inOrder(() => kill(primary)),
    start: () =>
      inOrder(async () => {
        if (processes.running(primary)) return;
        await launch(brokerSpecAs(spec, primary, { port }), port);
      }),
    pause: () => inOrder(async () => pauseProcess(running(primary))),
    resume: () => {
      processes.running(primary)?.signal("SIGCONT");
      return Promise.resolve();
    },
    flush: () =>
      inOrder(async () => {
        running(primary);
        using redis = await connectRedis("127.0.0.1", port);
        await redis.ask("FLUSHALL", "SYNC");
      }),
    failover: {
      replicate: () => inOrder(replicate),
      promote: () => inOrder(promote),
      retire: () => inOrder(() => kill(otherOf(primary))),
    },
  };
};
