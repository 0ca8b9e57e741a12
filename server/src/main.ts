import { runService } from "../../common/processes/run-service.ts";
import { createServiceLog } from "../../common/processes/service-log.ts";
import { readConfig } from "./config.ts";
import { startServer } from "./server.ts";

await runService({
  name: "The server",
  readConfig,
  createLogger: (config) =>
    createServiceLog({
      level: config.LOG_LEVEL,
      base: { instance: config.INSTANCE, pid: process.pid },
    }),
  start: startServer,
});
