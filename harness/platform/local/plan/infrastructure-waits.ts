/** Waits until the broker (Valkey) and the router (Traefik or HAProxy) can be used. */
import { connect } from "node:net";
import type { LoggedProcess } from "../processes/logged-process.ts";
import type { DeploymentState } from "../deployment-state.ts";
import { answersOk, readiness } from "../../readiness.ts";
import { waitFor } from "../../../../common/wait-for.ts";

const TIMEOUT_MS = 20_000;

/** One PING as an inline command of the Redis protocol, which needs no client. */
const ping = (port: number, signal: AbortSignal): Promise<true | string> =>
  new Promise((resolve, reject) => {
    const socket = connect(
      { host: "127.0.0.1", port, signal },
      () => void socket.write("PING\r\n"),
    );
    socket.once("error", reject);
    socket.once("data", (answer) => {
      socket.destroy();
      resolve(answer.toString().startsWith("+PONG") || `it answered ${answer.toString().trim()}`);
    });
    socket.once("end", () => reject(new Error("it closed the connection")));
  });

export const waitForBroker = (
  broker: LoggedProcess,
  port: number,
  signal: AbortSignal | undefined,
): Promise<void> =>
  waitFor({
    name: `${broker.spec.name} to answer PING on port ${port}`,
    timeoutMs: TIMEOUT_MS,
    condition: (within) => ping(port, within),
    processes: [broker],
    signal,
  });

/** @param healthUrl answers 200 once it takes connections */
export const untilHealthy = (
  started: LoggedProcess,
  healthUrl: string,
  signal: AbortSignal | undefined,
): Promise<void> =>
  waitFor({
    name: `${started.spec.name} to be healthy at ${healthUrl}`,
    timeoutMs: TIMEOUT_MS,
    condition: answersOk(healthUrl),
    processes: [started],
    signal,
  });

/** A router has read its configuration once it routes a request to a server. */
export const waitForRoute = (
  router: LoggedProcess,
  { url, service }: Pick<DeploymentState, "url" | "service">,
  signal: AbortSignal | undefined,
): Promise<void> =>
  waitFor({
    name: `${router.spec.name} to route requests at ${url}`,
    timeoutMs: TIMEOUT_MS,
    condition: readiness(url, service?.readyPath),
    processes: [router],
    signal,
  });
