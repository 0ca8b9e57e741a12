/** The stand-in as a process of its own. Settings: environment, see config.ts. */
import { pino } from "pino";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { STAND_IN } from "../../../infra/realtime/stand-in-name.ts";
import { runStandIn, type RunningStandIn } from "./stand-in.ts";

/** Exit code when the environment is wrong or the server cannot listen. */
const EXIT_CANNOT_START = 2;

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${STAND_IN} cannot start, its environment is wrong:\n${error.message}\n`);
    process.exit(EXIT_CANNOT_START);
  }
}

const config = readConfigOrExit();
const log = pino({ name: STAND_IN });

let standIn: RunningStandIn | undefined;
let stopping = false;
const onSignal = (signal: NodeJS.Signals): void => {
  if (stopping || standIn === undefined) process.exit(1);
  stopping = true;
  log.info({ signal }, "stopping");
  void standIn.stop().then(() => process.exit(0));
};
process.on("SIGTERM", onSignal);
process.on("SIGINT", onSignal);

try {
  standIn = await runStandIn(config, log);
  log.info({ host: config.HOST, port: standIn.port }, "listening");
  // Only now: whoever started it waits for that line.
  log.level = config.LOG_LEVEL;
} catch (error) {
  process.stderr.write(
    `${STAND_IN} cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(EXIT_CANNOT_START);
}
