import { setTimeout as sleep } from "node:timers/promises";
import type { RequestHandler } from "express";
import type { Logger } from "pino";
import type { PipelineRunner } from "./pipeline/pipeline-runner.ts";
import { nowMs } from "../../common/clock.ts";
import type { Ledger } from "./lib/ledger/ledger.ts";
import { Problem } from "./lib/http/problem.ts";
import type { SseConnections } from "./lib/streams/sse-connections.ts";

/** Whether this instance accepts new work. Draining never ends. */
export class Readiness {
  #draining = false;
  readonly #retryAfterS: number;

  /** @param retryAfterMs the wait that refused clients are asked for */
  constructor(retryAfterMs: number) {
    this.#retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1000));
  }

  get draining(): boolean {
    return this.#draining;
  }

  startDraining(): void {
    this.#draining = true;
  }

  /** Refuses new work on a draining instance. */
  readonly refuseWhenDraining: RequestHandler = (_req, _res, next) => {
    if (this.#draining)
      throw new Problem(503, "Draining", "This instance is shutting down. Retry on another one.", {
        headers: { "retry-after": String(this.#retryAfterS), connection: "close" },
      });
    next();
  };
}

export interface DrainOptions {
  readiness: Readiness;
  connections: SseConnections;
  runner: PipelineRunner;
  ledger: Ledger;
  logger: Logger;
  noticeMs: number;
  spreadMs: number;
  graceMs: number;
  retryMs: number;
}

/**
 * Shuts down in order, except for the sockets. The instance is not ready at once, and gives away
 * the pipelines that can move. After the notice it asks the streams to reconnect and closes them
 * one by one, while running pipelines get their grace. It then gives away or aborts the pipelines
 * that still run.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { readiness, connections, runner, ledger, logger } = options;
  readiness.startDraining();
  ledger.append({ kind: "drain", state: "started", atMs: nowMs() });
  logger.info({ streams: connections.size, pipelines: runner.running }, "draining");
  await runner.handOver();
  await sleep(options.noticeMs);
  await Promise.all([
    connections.closeAll({ spreadMs: options.spreadMs, retryMs: options.retryMs }),
    runner.idle(options.graceMs),
  ]);
  // Also those whose start was under way when the drain began.
  await runner.handOver();
  if (runner.running > 0)
    logger.warn({ pipelines: runner.running }, "grace period is over, aborting pipelines");
  runner.abortAll("draining");
  ledger.append({ kind: "drain", state: "ended", atMs: nowMs() });
}
