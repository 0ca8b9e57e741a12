/** When an instance takes traffic: it says so itself, and the router sends it some. */
import type Dockerode from "dockerode";
import { routerHealthCheckMs } from "../../../../infra/stack/server-settings.ts";
import { nowMs } from "../../../../common/clock.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { readiness } from "../../readiness.ts";
import { routerStatus } from "../../router-status.ts";
import { lastLogLines } from "./container-log.ts";
import type { StackLayout } from "../stack-layout.ts";

const READY_TIMEOUT_MS = 30_000;
/**
 * An "UP" that was there before counts after this long: by then the router has checked again, one check that hung included (interval,
 * and as long again for a connection to the address of the container before). An "UP" after a "DOWN" counts at once.
 */
const TRUSTED_AFTER_MS = 2 * routerHealthCheckMs + 200;
/** Twenty health check intervals: on a busy host the router is late as well. */
const ROUTER_TIMEOUT_MS = 10_000;

export interface ReadyOptions {
  docker: Dockerode;
  layout: StackLayout;
  signal: AbortSignal;
}

/** A wait that shows the log of what it waited on. */
const withLog = async <T>(
  docker: Dockerode,
  containers: readonly string[],
  wait: () => Promise<T>,
): Promise<T> => {
  try {
    return await wait();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const logs = await Promise.all(containers.map((container) => lastLogLines(docker, container)));
    error.message += logs.join("");
    throw error;
  }
};

/** Resolves when the router is known to route: a request through it reaches an instance that is ready. */
export const waitForRoute = ({ docker, layout, signal }: ReadyOptions): Promise<void> =>
  withLog(docker, [layout.containers.get(layout.router)?.container ?? layout.router], () =>
    waitFor({
      name: `${layout.router} to route requests at ${layout.url}`,
      timeoutMs: READY_TIMEOUT_MS,
      condition: readiness(layout.url),
      signal,
    }),
  );

/** Takes readings of a router in order, and says from when on its "UP" can be believed. `sinceMs`: when the instance was seen ready. */
export const trustUp = (sinceMs: number): ((isUp: boolean, atMs: number) => number | undefined) => {
  let wasDown = false;
  return (isUp, atMs) => {
    if (!isUp) wasDown = true;
    else if (wasDown) return atMs;
    else if (atMs - sinceMs >= TRUSTED_AFTER_MS) return sinceMs;
    return undefined;
  };
};

/** Resolves with the time from which on the router has sent it traffic. */
const inRotation = async (instance: string, { layout, signal }: ReadyOptions): Promise<number> => {
  const trust = trustUp(nowMs());
  let sinceMs: number | undefined;
  await waitFor({
    name: `${layout.router} to send traffic to ${instance}`,
    timeoutMs: ROUTER_TIMEOUT_MS,
    condition: async (within) => {
      const status = await routerStatus(layout.router, layout.opsUrl, layout.targets, within);
      sinceMs = trust(status.get(instance) === "UP", nowMs());
      return sinceMs !== undefined || `the router says ${status.get(instance) ?? "nothing"} of it`;
    },
    signal,
  });
  return sinceMs ?? nowMs();
};

/**
 * Resolves with the time (harness clock, ms) from which on the instance was ready and in the router's rotation. Its own readiness is
 * asked first: before its next check a router still says UP of a server that is gone.
 */
export const waitUntilReady = async (instance: string, options: ReadyOptions): Promise<number> => {
  const { docker, layout, signal } = options;
  const container = layout.containers.get(instance)?.container ?? instance;
  const url = layout.instanceUrls[instance] ?? "";
  return withLog(docker, [container], async () => {
    await waitFor({
      name: `${instance} to be ready at ${url}`,
      timeoutMs: READY_TIMEOUT_MS,
      condition: readiness(url),
      signal,
    });
    return inRotation(instance, options);
  });
};
