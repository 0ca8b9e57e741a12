import { pino } from "pino";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { startServer, type RunningServer } from "./server.ts";

/** Exit code when the environment is wrong or the server cannot listen. */
const EXIT_CANNOT_START = 2;

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`The server cannot start, its environment is wrong:\n${error.message}\n`);
    process.exit(EXIT_CANNOT_START);
  }
}

const config = readConfigOrExit();
const logger = pino({ level: config.LOG_LEVEL, base: { instance: config.INSTANCE, pid: process.pid } });

let server: RunningServer | undefined;
let stopping = false;
const onSignal = (signal: NodeJS.Signals): void => {
  if (stopping || server === undefined) {
    logger.warn({ signal }, "exiting at once");
    process.exit(1);
  }
  stopping = true;
  logger.info({ signal }, "stopping");
  server.stop().then(
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
  server = await startServer(config, logger);
  logger.info({ host: config.HOST, port: server.port }, "listening");
} catch (error) {
  process.stderr.write(
    `The server cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(EXIT_CANNOT_START);
}
