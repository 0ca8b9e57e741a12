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
/** Exit code after an error that nothing has caught: EX_SOFTWARE of sysexits.h. */
const EXIT_UNEXPECTED = 70;

/**
 * Runs a server as the only task of this process. Logs "listening" with the port when it is up.
 * The first SIGTERM or SIGINT stops it, and so does an error that nothing has caught, which ends
 * the process with 70. The second one exits at once.
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
  const stop = (exitCode: number): void => {
    if (stopping || service === undefined) {
      logger.warn("exiting at once");
      process.exit(exitCode === 0 ? 1 : exitCode);
    }
    stopping = true;
    service.stop().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        logger.fatal({ err: error }, "the drain failed");
        process.exit(1);
      },
    );
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, "stopping");
    stop(0);
  };
  const onUnexpected = (error: unknown): void => {
    logger.fatal({ err: error }, "unexpected error, stopping");
    stop(EXIT_UNEXPECTED);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("uncaughtException", onUnexpected);
  process.on("unhandledRejection", onUnexpected);

  try {
    service = await start(config, logger);
  } catch (error) {
    exit(`: ${error instanceof Error ? error.message : String(error)}`);
  }
  logger.info({ host: config.HOST, port: service?.port }, "listening");
  return { config, logger };
}
