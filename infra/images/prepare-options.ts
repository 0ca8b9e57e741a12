import type { RealtimeSettings } from "../realtime/realtime-settings.ts";
import type { Topology } from "../topologies.ts";

export interface PrepareOptions {
  topologies: readonly Topology[];
  /** As in `UpOptions`: whether an event log is needed, and whether Realtime is hosted. */
  realtime?: RealtimeSettings;
  /** One line on what is going on ("fetching Traefik 3.7.15 (50 MB, once)"). */
  onStep?: (step: string) => void;
  signal?: AbortSignal;
}
