import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { createApp } from "./app.ts";
import type { Config } from "./config.ts";
import { broadcasterName, createBroadcasting } from "./lib/broadcaster-choice.ts";
import { nowMs } from "../../common/clock.ts";
import { drain, Readiness } from "./drain.ts";
import { GateRelay, type Gates } from "./pipeline/gate-relay.ts";
import { listen, type HttpListener } from "./lib/http/http-listener.ts";
import { NO_LEDGER, openLedger, type Ledger } from "./lib/ledger/ledger.ts";
import { createMetrics, type Metrics } from "./lib/metrics.ts";
import { AdHocEvents } from "./lib/streams/ad-hoc-events.ts";
import { createRateLimit } from "./lib/http/rate-limit.ts";
import { RedisConnection } from "./lib/redis/redis-connection.ts";
import { SessionTokens } from "./lib/http/session-token.ts";
import { SseConnections } from "./lib/streams/sse-connections.ts";
import { PipelineRunner } from "./pipeline/pipeline-runner.ts";

/** The longest wait for the broker at the start, so that the first streams are not local only. */
const BROKER_START_WAIT_MS = 1000;

export interface RunningServer {
  port: number;
  /** Drains with the configured windows, then closes everything that the server opened. */
  stop(): Promise<void>;
}

/**
 * Builds the server and listens.
 * @throws if the port is taken or the ledger cannot be opened
 */
export async function startServer(config: Config, logger: Logger): Promise<RunningServer> {
  const instance = config.INSTANCE;
  // Unique per process: a restarted instance with the same name must not ignore old messages.
  const origin = `${instance}.${randomBytes(6).toString("hex")}`;
  const metrics = createMetrics({ collectDefaults: true });
  const ledger = createLedger(config, logger, metrics);
  ledger.append({
    kind: "boot",
    instance,
    pid: process.pid,
    broadcaster: broadcasterName(config),
    atMs: nowMs(),
  });

  const redis =
    config.REDIS_URL === undefined
      ? undefined
      : new RedisConnection({ address: config.REDIS_URL, logger, name: `sse-server-${instance}` });
  const { broadcaster, link, settled, durable, ...broadcasting } = createBroadcasting({
    config,
    redis,
    logger,
    ledger,
    metrics,
    origin,
  });
  const gates: Gates =
    durable?.gates ??
    new GateRelay({
      link,
      origin,
      logger,
      answerHere: (sessionId, { gate }) => runner.answerGate(sessionId, gate),
    });
  const runner: PipelineRunner = new PipelineRunner({
    instance,
    broadcaster,
    ledger,
    metrics,
    logger,
    gateTimeoutMs: config.GATE_TIMEOUT_MS,
    openGates: (sessionId) => gates.open(sessionId),
    ...(durable && { ownership: durable.ownership }),
  });
  const connections = new SseConnections({
    heartbeatMs: config.HEARTBEAT_MS,
    retryMs: config.RETRY_MS,
    metrics,
  });
  const readiness = new Readiness(config.DRAIN_RETRY_MS);

  const app = createApp({
    config,
    instance,
    logger,
    metrics,
    tokens: new SessionTokens(config.SESSION_SECRET),
    readiness,
    rateLimit: createRateLimit({
      points: config.RATE_LIMIT_POINTS,
      windowS: config.RATE_LIMIT_WINDOW_S,
      redis,
    }),
    broadcaster,
    connections,
    runner,
    gates,
    adHocEvents: new AdHocEvents(instance, broadcaster),
    ...(durable && { durable }),
    ...broadcasting,
  });

  const release = async (): Promise<void> => {
    connections.stop();
    await broadcaster.shutdown();
    await durable?.close();
    await redis?.close();
    ledger.close();
  };
  let listener: HttpListener;
  try {
    const known = Promise.all([redis?.settled(), settled]);
    await Promise.race([known, sleep(BROKER_START_WAIT_MS, undefined, { ref: false })]);
    durable?.start(runner);
    listener = await listen(app, { port: config.PORT, host: config.HOST });
  } catch (error) {
    await release();
    throw error;
  }

  const stop = async (): Promise<void> => {
    await drain({
      readiness,
      connections,
      runner,
      ledger,
      logger,
      noticeMs: config.DRAIN_NOTICE_MS,
      spreadMs: config.DRAIN_SPREAD_MS,
      graceMs: config.DRAIN_GRACE_MS,
      retryMs: config.DRAIN_RETRY_MS,
    });
    await listener.close();
    await release();
  };
  return { port: listener.port, stop };
}

function createLedger(config: Config, logger: Logger, metrics: Metrics): Ledger {
  if (config.LEDGER_DIR === undefined) return NO_LEDGER;
  const onError = (error: unknown): void => {
    metrics.ledgerErrors.inc();
    logger.error({ err: error }, "cannot write the ledger, it ends here");
  };
  try {
    return openLedger({ dir: config.LEDGER_DIR, instance: config.INSTANCE, onError });
  } catch (error) {
    const fix = "name a folder that this user can write to, on a disk with room";
    throw new Error(`LEDGER_DIR=${config.LEDGER_DIR}: ${(error as Error).message}; ${fix}`);
  }
}
