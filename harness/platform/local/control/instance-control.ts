/** Deploys, stops, kills and starts the server instances of a deployment, and reports what became of them. */
import { setTimeout as delay } from "node:timers/promises";
import type { RoutedServer } from "../../../../infra/routers/router-plan.ts";
import type { Router } from "../../../../infra/topologies.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { InstanceObservation } from "../../../history/observation.ts";
import { nothingToKill } from "../../bounce-errors.ts";
import type { InstanceControl } from "../../platform.ts";
import { readiness } from "../../readiness.ts";
import { routerStatus } from "../../router-status.ts";
import { deployInstances } from "./deploy-instances.ts";
import type { LoggedProcess, ProcessSpec } from "../processes/logged-process.ts";
import type { ProcessTable } from "../processes/process-table.ts";
import { serialize } from "../../../../common/serialize.ts";
import { waitFor } from "../../../../common/wait-for.ts";

export interface ControlledInstances {
  instances: readonly RoutedServer[];
  specs: ReadonlyMap<string, ProcessSpec>;
  router: Router;
  opsUrl: string;
  processes: ProcessTable;
  onInstance: (instance: string, state: InstanceObservation["state"], atMs: number) => void;
  onStep: (step: string) => void;
  signal: AbortSignal;
}

export interface LocalInstanceControl extends InstanceControl {
  /** SIGTERM, and SIGKILL when it is still there after the grace; SIGKILL at once without one. Resolves when it is gone, with whether it ran. */
  stop(instance: string, graceMs: number): Promise<boolean>;
  /** Starts the process and waits until it is ready; the router is not asked. */
  boot(instance: string): Promise<void>;
  /** Waits until the router sends these instances traffic, and reports them ready. */
  waitForRouter(instances: readonly string[]): Promise<void>;
}

const READY_TIMEOUT_MS = 20_000;
/** Twenty health check intervals: on a busy host the router is late as well. */
const ROUTER_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 5000;

export const controlInstances = (given: ControlledInstances): LocalInstanceControl => {
  const { specs, router, processes, onInstance, onStep, signal } = given;
  const urls = new Map(given.instances.map(({ name, url }) => [name, url]));
  /** Processes whose end was asked for; any other end is an incident of its own. */
  const expected = new WeakSet<LoggedProcess>();
  const unknownInstance = (instance: string): Error =>
    new Error(`no instance "${instance}"; there are: ${[...specs.keys()].join(", ")}`);

  /** One queue for each instance, so that a start never overtakes a stop. */
  const queues = new Map(given.instances.map(({ name }) => [name, serialize()]));
  const inOrder = <T>(instance: string, operation: () => Promise<T>): Promise<T> =>
    queues.get(instance)?.(operation) ?? Promise.reject(unknownInstance(instance));

  const running = (instance: string): LoggedProcess | undefined => {
    if (!specs.has(instance)) throw unknownInstance(instance);
    const found = processes.get(instance);
    return found && !found.hasExited() ? found : undefined;
  };

  const gone = (found: LoggedProcess): Promise<void> =>
    waitFor({
      name: `${found.spec.name} to be gone after SIGKILL`,
      timeoutMs: KILL_TIMEOUT_MS,
      intervalMs: 10,
      condition: () => found.hasExited() || "it still runs",
    });

  const killNow = async (instance: string, found: LoggedProcess): Promise<void> => {
    expected.add(found);
    found.signal("SIGKILL");
    await gone(found);
    onInstance(instance, "killed", nowMs());
  };

  const stopNow = async (instance: string, found: LoggedProcess, graceMs: number): Promise<void> => {
    if (graceMs <= 0) return killNow(instance, found);
    onStep(`stopping ${instance}`);
    expected.add(found);
    found.signal("SIGTERM");
    onInstance(instance, "not-ready", nowMs());
    const patience = new AbortController();
    const inTime = await Promise.race([
      found.exited.then(() => true),
      delay(graceMs, false, { signal: AbortSignal.any([patience.signal, signal]) }),
    ]).finally(() => patience.abort());
    if (!inTime) return killNow(instance, found);
    onInstance(instance, "stopped", nowMs());
  };

  const stop = async (instance: string, graceMs: number): Promise<boolean> => {
    const found = running(instance);
    if (found) await stopNow(instance, found, graceMs);
    return found !== undefined;
  };

  const boot = async (instance: string): Promise<void> => {
    const spec = specs.get(instance);
    const url = urls.get(instance);
    if (!spec || url === undefined) throw new Error(`no instance "${instance}"`);
    onStep(`starting ${instance}`);
    const started = await processes.start(spec);
    onInstance(instance, "started", nowMs());
    void started.exited.then(() => {
      if (expected.has(started) || signal.aborted) return;
      onStep(`${instance} exited by itself`);
      onInstance(instance, "killed", nowMs());
    });
    await waitFor({
      name: `${instance} to be ready at ${url}`,
      timeoutMs: READY_TIMEOUT_MS,
      condition: readiness(url),
      processes: [started],
      signal,
    });
  };

  const waitForRouter = async (instances: readonly string[]): Promise<void> => {
    const involved = [router, ...instances].flatMap((name) => processes.get(name) ?? []);
    await waitFor({
      name: `the router to send traffic to ${instances.join(", ")}`,
      timeoutMs: ROUTER_TIMEOUT_MS,
      condition: async (within) => {
        const status = await routerStatus(router, given.opsUrl, given.instances, within);
        const down = instances.filter((instance) => status.get(instance) !== "UP");
        return down.length === 0 || `not UP in the router: ${down.join(", ")}`;
      },
      processes: involved,
      signal,
    });
    for (const instance of instances) onInstance(instance, "ready", nowMs());
  };

  const stopInOrder = (instance: string, graceMs: number): Promise<boolean> =>
    inOrder(instance, () => stop(instance, graceMs));
  const startInOrder = (instance: string): Promise<void> =>
    inOrder(instance, async () => {
      if (running(instance)) return;
      await boot(instance);
      await waitForRouter([instance]);
    });

  return {
    deploy: (deploy) => {
      const instances = [...urls.keys()];
      return deployInstances({ instances, stop: stopInOrder, start: startInOrder, signal }, deploy);
    },
    stop: stopInOrder,
    kill: (instance) =>
      inOrder(instance, async () => {
        const found = running(instance);
        if (!found) throw new Error(nothingToKill(instance));
        await killNow(instance, found);
      }),
    start: startInOrder,
    boot,
    waitForRouter,
  };
};
