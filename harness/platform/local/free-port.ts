/** Ports of 127.0.0.1 for child processes that have to be given a number. */
import { freePorts } from "../../../infra/free-port.ts";

export type ChoosePort = () => Promise<number>;

/** A port that was free on 127.0.0.1 a moment ago. Whoever listens on it must still expect to find it taken. */
export const freePort: ChoosePort = async () => {
  const [port] = (await freePorts(1)) as [number];
  return port;
};

/** What Node, Valkey and Traefik write when their port is taken. */
const PORT_TAKEN = /EADDRINUSE|address already in use/i;

export const saysPortTaken = (error: unknown): boolean =>
  error instanceof Error && PORT_TAKEN.test(error.message);
