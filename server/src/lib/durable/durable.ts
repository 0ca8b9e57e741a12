import type { GateResponse } from "../../contract/events.ts";
import type { GateResult } from "../../pipeline/gate-relay.ts";
import type { PipelineOwnership, PipelineRunner } from "../../pipeline/pipeline-runner.ts";
import type { RedisStreamsBroadcaster } from "./redis-streams-broadcaster.ts";

/** What makes streams and pipelines outlive an instance. */
export interface Durable {
  broadcaster: RedisStreamsBroadcaster;
  ownership: PipelineOwnership;
  /** Listens for answers to the session's gates; `ready` resolves in bounded time. */
  openGates: (sessionId: string) => { ready: Promise<void>; close: () => void };
  /** Gives the answer to the pipeline, wherever it runs, at most once. Never rejects. */
  deliverAnswer: (sessionId: string, response: GateResponse) => Promise<GateResult>;
  /** Takes over pipelines without an owner from now on. */
  start: (runner: PipelineRunner) => void;
  close: () => Promise<void>;
}
