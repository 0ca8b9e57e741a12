import type { RealtimeSettings } from "../../infra/realtime/realtime-settings.ts";
import type { Topology } from "../../infra/topologies.ts";
import type { BounceKind, RealtimeFacts } from "../history/observation.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Service } from "../service/read-service-file.ts";
import type { LoadEngine } from "./engine/load-engine.ts";

/** One run of a comparison. */
export interface RunSpec {
  topology: Topology;
  bounce: BounceKind;
  repeat: number;
  scenario: Scenario;
  /** Seconds of load; with `ramp` arrivals, of each pipeline. */
  durationS: number;
  /** When the bounce begins, seconds after the load's start. Absent with `ramp` arrivals. */
  bounceStartS?: number;
  /** 1-based place among the runs of the comparison. Absent if the run was made elsewhere. */
  order?: number;
  /** Default: the native engine. */
  engine?: LoadEngine;
  /** A service of the user in the place of the lab's own server. */
  service?: Service;
  /** A session of the service is followed before the load. */
  triesService?: boolean;
  /** Present if the topology's clients subscribe to Realtime directly. */
  realtime?: RealtimeSetUp;
}

/** How Realtime is set up in all runs of a comparison. */
export interface RealtimeSetUp {
  settings: RealtimeSettings;
  frontEnd: RealtimeFacts["frontEnd"];
}
