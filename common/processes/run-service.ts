import type { Logger } from "pino";
import { ConfigError } from "../environment.ts";

export interface RunningService {
  port: number;
  stop(): Promise<void>;
}

export interface ServiceOptions<Config extends { HOST: string }> {
  /** Subject of the error messages. */
  name: string;
  readConfig: (environment: NodeJS.ProcessEnv) => Config;
  createLogger: (config: Config) => Logger;
  start: (config: Config, logger: Logger) => Promise<RunningService>;
}

/** Exit code if the environment is wrong or the service cannot listen. */
const EXIT_CANNOT_START = 2;

/**
 * Runs a server as the only task of this process. Logs "listening" with the port when it is up.
 * The first SIGTERM or SIGINT stops it, the second one exits at once.
 */
export async function runService<Config extends { HOST: string }>({
  name,
  readConfig,
  createLogger,
  start,
}: ServiceOptions<Config>): Promise<{ config: Config; logger: Logger }> {
  const exit = (reason: string): never => {
    process.stderr.write(`${name} cannot start${reason}\n`);
    process.exit(EXIT_CANNOT_START);
  };
  const config = ((): Config => {
    try {
      return readConfig(process.env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return exit(`, its environment is wrong:\n${error.message}`);
    }
  })();
  const logger = createLogger(config);

  let service: RunningService | undefined;
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping || service === undefined) {
      logger.warn({ signal }, "exiting at once");
      process.exit(1);
    }
    stopping = true;
    logger.info({ signal }, "stopping");
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.fatal({ err: error }, "the drain failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);

  try {
    service = await start(config, logger);
  } catch (error) {
    exit(`: ${error instanceof Error ? error.message : String(error)}`);
  }
  logger.info({ host: config.HOST, port: service?.port }, "listening");
  return { config, logger };
}
