import type { Gates } from "../../pipeline/gate-relay.ts";
import type { PipelineOwnership, PipelineRunner } from "../../pipeline/pipeline-runner.ts";
import type { RedisStreamsBroadcaster } from "./redis-streams-broadcaster.ts";

/** What makes streams and pipelines outlive an instance. */
export interface Durable {
  broadcaster: RedisStreamsBroadcaster;
  ownership: PipelineOwnership;
  /** Stores an answer for the pipeline, wherever it runs, at most once. */
  gates: Gates;
  /** Takes over pipelines without an owner from now on. */
  start: (runner: PipelineRunner) => void;
  close: () => Promise<void>;
}
