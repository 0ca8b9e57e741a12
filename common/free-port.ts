/** Free ports of 127.0.0.1, for processes and containers that have to be given a number. */
import { randomInt } from "node:crypto";
import getPort from "get-port";

/**
 * Above 10080, the highest port that browsers and Node's fetch refuse to connect to (WHATWG Fetch,
 * "port blocking").
 */
export const LOWEST_PORT = 10_081;
/**
 * Below the ephemeral range (Linux: 32768 to 60999), so that no outgoing connection of the load can
 * take one first.
 */
export const ABOVE_HIGHEST_PORT = 32_768;
const ATTEMPTS = 200;

/**
 * Random, not ascending: two stacks that start at the same time would else choose the same ones.
 */
function* randomPorts(taken: ReadonlySet<number>): Generator<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST_PORT, ABOVE_HIGHEST_PORT);
    if (!taken.has(port)) yield port;
  }
}

/**
 * `count` different ports that were free a moment ago, none of `taken`. Whoever publishes one must
 * still expect to find it taken.
 */
export const freePorts = async (count: number, taken: Iterable<number> = []): Promise<number[]> => {
  const unusable = new Set(taken);
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await getPort({ host: "127.0.0.1", port: randomPorts(unusable) });
    if (port < LOWEST_PORT || port >= ABOVE_HIGHEST_PORT) {
      throw new Error(
        `no free port found on 127.0.0.1 between ${LOWEST_PORT} and ` +
          `${ABOVE_HIGHEST_PORT - 1}: end what holds them, or name ports`,
      );
    }
    unusable.add(port);
    ports.push(port);
  }
  return ports;
};

export type ChoosePort = () => Promise<number>;

/**
 * A port that was free on 127.0.0.1 a moment ago. Whoever listens on it must still expect to find
 * it taken.
 */
export const freePort: ChoosePort = async () => {
  const [port] = (await freePorts(1)) as [number];
  return port;
};

/** What Node, Valkey and Traefik write when their port is taken. */
const PORT_TAKEN = /EADDRINUSE|address already in use/i;

export const saysPortTaken = (error: unknown): boolean =>
  error instanceof Error && PORT_TAKEN.test(error.message);
