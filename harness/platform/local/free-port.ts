/** Ports of 127.0.0.1 for child processes that have to be given a number. */
import { randomInt } from "node:crypto";
import getPort from "get-port";

/** Above 10080, the highest port that browsers and Node's fetch refuse to connect to (WHATWG Fetch, "port blocking"). */
export const LOWEST = 10_081;
/** Below the ephemeral range (Linux: 32768 to 60999), so that no outgoing connection of the load can take one first. */
export const ABOVE_HIGHEST = 32_768;
const ATTEMPTS = 200;

/** Random, not ascending: two deployments that start at the same time would else choose the same ones. */
function* randomPorts(): Generator<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) yield randomInt(LOWEST, ABOVE_HIGHEST);
}

export type ChoosePort = () => Promise<number>;

/** A port that was free on 127.0.0.1 a moment ago. Whoever listens on it must still expect to find it taken. */
export const freePort: ChoosePort = async () => {
  const port = await getPort({ host: "127.0.0.1", port: randomPorts() });
  if (port >= ABOVE_HIGHEST) {
    throw new Error(`no free port found on 127.0.0.1 between ${LOWEST} and ${ABOVE_HIGHEST - 1}`);
  }
  return port;
};

/** What Node, Valkey and Traefik write when their port is taken. */
const PORT_TAKEN = /EADDRINUSE|address already in use/i;

export const saysPortTaken = (error: unknown): boolean =>
  error instanceof Error && PORT_TAKEN.test(error.message);
