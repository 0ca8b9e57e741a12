/** What every router needs to know, and the shape of what it is configured by. */
import type { Affinity } from "../topologies.ts";

export interface RoutedServer {
  /** Instance name, e.g. `server-2`. */
  name: string;
  /**
   * Base URL. It stays the same across restarts, as in a StatefulSet or with fixed service names: the health check alone
   * takes an instance out and in, and a client's cookie (a hash of the URL) stays good.
   */
  url: string;
}

export interface RouterPlan {
  /** `host:port` that takes the load. */
  webAddress: string;
  /** `host:port` of API and dashboard. */
  opsAddress: string;
  servers: readonly RoutedServer[];
  affinity: Affinity;
  /** True where server names have to be looked up again at run time: a container comes back with another address. */
  resolvesNames: boolean;
}

/** A file that a router reads. */
export interface RouterFile {
  path: string;
  content: string;
}
