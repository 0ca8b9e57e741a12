/** Waits until an instance takes traffic: it is ready, and the router sends it requests. */
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
 * Until then an "UP" may be older than the new container. The router has checked again by then,
 * even if one check hung: an interval, and as long again for a connection to the old address. An
 * "UP" after a "DOWN" counts at once.
 */
const TRUSTED_AFTER_MS = 2 * routerHealthCheckMs + 200;
/** Twenty health check intervals: on a busy host the router is late too. */
const ROUTER_TIMEOUT_MS = 10_000;

export interface ReadyOptions {
  docker: Dockerode;
  layout: StackLayout;
  signal: AbortSignal;
}

/** Adds the logs of these containers to the error of a wait. */
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

/** Resolves when a request through the router reaches a ready instance. */
export const waitForRoute = ({ docker, layout, signal }: ReadyOptions): Promise<void> =>
  withLog(docker, [layout.containers.get(layout.router)?.container ?? layout.router], () =>
    waitFor({
      name: `${layout.router} to route requests at ${layout.url}`,
      timeoutMs: layout.ready.withinMs ?? READY_TIMEOUT_MS,
      condition: readiness(layout.url, layout.ready.path),
      signal,
    }),
  );

/**
 * Takes readings of a router in order. Returns the time from which its "UP" holds, or undefined.
 * `sinceMs`: when the instance was ready.
 */
export const trustUp = (sinceMs: number): ((isUp: boolean, atMs: number) => number | undefined) => {
  let wasDown = false;
  return (isUp, atMs) => {
    if (!isUp) wasDown = true;
    else if (wasDown) return atMs;
    else if (atMs - sinceMs >= TRUSTED_AFTER_MS) return sinceMs;
    return undefined;
  };
};

/** Resolves with the time from which the router has sent it traffic. */
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

/** Resolves when the instance is ready, whatever the router knows of it. */
export const waitUntilServing = (
  instance: string,
  { docker, layout, signal }: ReadyOptions,
): Promise<void> => {
  const url = layout.instanceUrls[instance] ?? "";
  return withLog(docker, [layout.containers.get(instance)?.container ?? instance], () =>
    waitFor({
      name: `${instance} to be ready at ${url}`,
      timeoutMs: layout.ready.withinMs ?? READY_TIMEOUT_MS,
      condition: readiness(url, layout.ready.path),
      signal,
    }),
  );
};

/**
 * Resolves with the time (harness clock, ms) from which the instance was ready and in the router's
 * rotation. Its readiness is checked first: until its next check, a router reports a dead server
 * as UP.
 */
export const waitUntilReady = async (instance: string, options: ReadyOptions): Promise<number> => {
  const { docker, layout } = options;
  await waitUntilServing(instance, options);
  return withLog(docker, [layout.containers.get(instance)?.container ?? instance], () =>
    inRotation(instance, options),
  );
};
