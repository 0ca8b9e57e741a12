/** The stand-in as a process. Its settings are environment variables: see config.ts. */
import { runService } from "../../../common/processes/run-service.ts";
import { createServiceLog } from "../../../common/processes/service-log.ts";
import { STAND_IN } from "../../../infra/realtime/realtime-names.ts";
import { readConfig } from "./config.ts";
import { runStandIn } from "./stand-in.ts";

const { config, logger } = await runService({
  name: STAND_IN,
  readConfig,
  createLogger: () => createServiceLog({ name: STAND_IN }),
  start: runStandIn,
});
// Set only now: the process that started the stand-in waits for the line "listening".
logger.level = config.LOG_LEVEL;
