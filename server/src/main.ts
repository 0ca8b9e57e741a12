import { pino } from "pino";
import { runService } from "../../common/processes/run-service.ts";
import { readConfig } from "./config.ts";
import { startServer } from "./server.ts";

await runService({
  name: "The server",
  readConfig,
  createLogger: (config) =>
    pino({ level: config.LOG_LEVEL, base: { instance: config.INSTANCE, pid: process.pid } }),
  start: startServer,
});
