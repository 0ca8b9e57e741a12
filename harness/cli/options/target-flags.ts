import type { Command } from "commander";
import { TARGET_CEILINGS } from "../../platform/target/target-url.ts";
import { numeric } from "./scenario-flags.ts";

/**
 * Flags of commands that may load another host: the owner's word, and ceilings of the load.
 * @param when begins the help of the first flag, for example `with --target: `
 */
export const addTargetFlags = (command: Command, when = ""): Command =>
  command
    .option("--i-own-this-target", `${when}you may load a host that is not this one`)
    .option(
      "--max-sessions <n>",
      `ceiling of --sessions for such a host (default: ${TARGET_CEILINGS.sessions})`,
      numeric,
    )
    .option(
      "--max-rate <n>",
      "ceiling of events per second, of all sessions together, for such a host " +
        `(default: ${TARGET_CEILINGS.eventsPerSecond})`,
      numeric,
    );
