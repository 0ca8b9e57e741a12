/** The input of a router's configuration, and the files that it results in. */
import type { Affinity } from "../topologies.ts";

export interface RoutedServer {
  /** Instance name, e.g. `server-2`. */
  name: string;
  /**
   * Base URL. It stays the same across restarts, as in a StatefulSet or with fixed service names.
   * So only the health check takes an instance out and in, and a client's cookie (a hash of the
   * URL) stays valid.
   */
  url: string;
}

/** Answers 200 once an instance of the lab's own server can serve. */
export const READY_PATH = "/readyz";

export interface RouterPlan {
  /** `host:port` that takes the load. */
  webAddress: string;
  /** `host:port` of API and dashboard. */
  opsAddress: string;
  servers: readonly RoutedServer[];
  affinity: Affinity;
  /** Path of the health check. Default: the one of the lab's own server. */
  readyPath?: string;
  /**
   * True if server names must be resolved again at run time: a container comes back with another
   * address.
   */
  resolvesNames: boolean;
  /** True if the router must notice that its file was replaced. Traefik only. Default: false. */
  changes?: boolean;
}

/** A file that a router reads. */
export interface RouterFile {
  path: string;
  content: string;
}
