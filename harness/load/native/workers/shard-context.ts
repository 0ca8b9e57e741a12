import type { ControlClient } from "../transport/control-client.ts";
import type { EngineLimits } from "../../portable/engine-limits.ts";
import type { LoadPlan } from "../../portable/load-plan.ts";
import type { EventReader } from "../../portable/service/event-reader.ts";
import type { OpenChannel } from "../../portable/realtime/channel.ts";
import type { SegmentWriter } from "../segment-writer.ts";
import type { StreamTransport } from "../transport/stream-transport.ts";

/** What all sessions of one worker share. */
export interface ShardContext {
  readonly plan: LoadPlan;
  readonly limits: EngineLimits;
  readonly reader: EventReader;
  /** What to add to the service's wall clock to get the engine's clock, milliseconds. */
  readonly wallOffsetMs: number;
  readonly recorder: SegmentWriter;
  readonly control: ControlClient;
  readonly transport: StreamTransport;
  /** How the `realtime` client gets at its channel. */
  readonly openChannel: OpenChannel;
  /** Aborted when the load is over; every wait of a session ends with it. */
  readonly signal: AbortSignal;
  /** True from the drain on. */
  readonly draining: boolean;
  readonly counters: ShardCounters;
}

/** Live figures of one worker; all but `up` only grow. */
export interface ShardCounters {
  up: number;
  received: number;
  reconnects: number;
}
