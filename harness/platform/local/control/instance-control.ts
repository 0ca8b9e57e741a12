/** Deploys, stops, kills and starts the instances of a deployment, and reports their states. */
import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../../../../common/clock.ts";
import { serialize } from "../../../../common/serialize.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import type { RoutedServer } from "../../../../infra/routers/router-plan.ts";
import type { Router } from "../../../../infra/topologies.ts";
import type { InstanceObservation } from "../../../history/observation.ts";
import { nothingToKill } from "../../bounce-errors.ts";
import type { InstanceControl, ServerSettings } from "../../platform.ts";
import type { DeploymentState } from "../deployment-state.ts";
import { readiness } from "../../readiness.ts";
import { routerStatus } from "../../router-status.ts";
import {
  killProcess,
  pauseProcess,
  type LoggedProcess,
  type ProcessSpec,
} from "../processes/logged-process.ts";
import type { ProcessTable } from "../processes/process-table.ts";
import { deployInstances } from "./deploy-instances.ts";

export interface ControlledInstances {
  instances: readonly RoutedServer[];
  /** As the router reaches them. */
  routed: readonly RoutedServer[];
  specs: ReadonlyMap<string, ProcessSpec>;
  router: Router;
  opsUrl: string;
  service: DeploymentState["service"];
  processes: ProcessTable;
  onInstance: (instance: string, state: InstanceObservation["state"], atMs: number) => void;
  onStep: (step: string) => void;
  signal: AbortSignal;
}

export interface LocalInstanceControl extends InstanceControl {
  /**
   * The stop signal, then SIGKILL after the grace; SIGKILL at once if the grace is 0. Resolves once
   * it is gone, with whether it ran.
   */
  stop(instance: string, graceMs: number): Promise<boolean>;
  /** Starts the process and waits until it is ready. Does not ask the router. */
  boot(instance: string): Promise<void>;
  /** Waits until the router sends these instances traffic, and reports them ready. */
  waitForRouter(instances: readonly string[]): Promise<void>;
}

const READY_TIMEOUT_MS = 20_000;
/** Twenty health check intervals: on a busy host the router is late too. */
const ROUTER_TIMEOUT_MS = 10_000;

const withSettings = (spec: ProcessSpec, settings: ServerSettings): ProcessSpec => {
  const all = Object.entries({ ...spec.env, ...settings });
  const set = all.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...spec, env: Object.fromEntries(set) };
};

export const controlInstances = (given: ControlledInstances): LocalInstanceControl => {
  const { specs, router, service, processes, onInstance, onStep, signal } = given;
  const urls = new Map(given.instances.map(({ name, url }) => [name, url]));
  /** Processes whose exit was requested. */
  const expected = new WeakSet<LoggedProcess>();
  const unknownInstance = (instance: string): Error =>
    new Error(`no instance "${instance}"; there are: ${[...specs.keys()].join(", ")}`);

  /** Of the newest deploy that changed them. */
  let settings: ServerSettings = {};

  /** One queue for each instance, so that a start never overtakes a stop. */
  const queues = new Map(given.instances.map(({ name }) => [name, serialize()]));
  const inOrder = <T>(instance: string, operation: () => Promise<T>): Promise<T> =>
    queues.get(instance)?.(operation) ?? Promise.reject(unknownInstance(instance));

  const watch = (instance: string, running: LoggedProcess): void =>
    void running.exited.then(() => {
      if (expected.has(running) || signal.aborted) return;
      onStep(`${instance} exited by itself`);
      onInstance(instance, "killed", nowMs());
    });
  // Those that another command started.
  for (const { name } of given.instances) {
    const found = processes.running(name);
    if (found) watch(name, found);
  }

  const killNow = async (instance: string, found: LoggedProcess): Promise<void> => {
    expected.add(found);
    await killProcess(found);
    onInstance(instance, "killed", nowMs());
  };

  const stopNow = async (
    instance: string,
    found: LoggedProcess,
    askedMs: number,
  ): Promise<void> => {
    const graceMs = service?.graceMs ?? askedMs;
    if (graceMs <= 0) return killNow(instance, found);
    onStep(`stopping ${instance}`);
    expected.add(found);
    found.signal(service?.stopSignal ?? "SIGTERM");
    onInstance(instance, "not-ready", nowMs());
    const patience = new AbortController();
    const inTime = await Promise.race([
      found.exited.then(() => true),
      delay(graceMs, false, { signal: AbortSignal.any([patience.signal, signal]) }),
    ]).finally(() => patience.abort());
    if (!inTime) return killNow(instance, found);
    onInstance(instance, "stopped", nowMs());
  };

  const boot = async (instance: string): Promise<void> => {
    const spec = specs.get(instance);
    const url = urls.get(instance);
    if (!spec || url === undefined) throw unknownInstance(instance);
    onStep(`starting ${instance}`);
    const started = await processes.start(withSettings(spec, settings));
    onInstance(instance, "started", nowMs());
    watch(instance, started);
    await waitFor({
      name: `${instance} to be ready at ${url}${service?.readyPath ?? ""}`,
      timeoutMs: service?.readyWithinMs ?? READY_TIMEOUT_MS,
      condition: readiness(url, service?.readyPath),
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
        const status = await routerStatus(router, given.opsUrl, given.routed, within);
        const down = instances.filter((instance) => status.get(instance) !== "UP");
        return down.length === 0 || `not UP in the router: ${down.join(", ")}`;
      },
      processes: involved,
      signal,
    });
    for (const instance of instances) onInstance(instance, "ready", nowMs());
  };

  const stop = (instance: string, graceMs: number): Promise<boolean> =>
    inOrder(instance, async () => {
      const found = processes.running(instance);
      if (found) await stopNow(instance, found, graceMs);
      return found !== undefined;
    });
  const start = (instance: string): Promise<void> =>
    inOrder(instance, async () => {
      if (processes.running(instance)) return;
      await boot(instance);
      await waitForRouter([instance]);
    });

  return {
    deploy: (deploy) => {
      settings = deploy.settings ?? settings;
      return deployInstances({ instances: [...urls.keys()], stop, start, signal }, deploy);
    },
    stop,
    kill: (instance) =>
      inOrder(instance, async () => {
        const found = processes.running(instance);
        if (!found) throw new Error(nothingToKill(instance));
        await killNow(instance, found);
      }),
    start,
    pause: (instance) =>
      inOrder(instance, async () => {
        const found = processes.running(instance);
        if (!found) throw new Error(nothingToKill(instance));
        await pauseProcess(found);
      }),
    resume: (instance) => {
      processes.running(instance)?.signal("SIGCONT");
      return Promise.resolve();
    },
    boot,
    waitForRouter,
  };
};
