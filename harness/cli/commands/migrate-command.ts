import type { Declare } from "../declare-command.ts";
import { GRACE_HELP, numeric } from "../options/scenario-flags.ts";
import { MIGRATE_DEFAULTS } from "../options/migrate-scenario.ts";

const say = (value: number): string => `(default: ${value})`;

export const declareMigrate: Declare = (command, perform) => {
  command
    .description(
      "Walks the strategy's migration on one live service under load, and back: sticky sessions, " +
        "Redis for rate limiting, the broadcaster with its flag off, flag on, no sticky " +
        "sessions. Says what each step lost, refused and delayed.",
    )
    .option("--sessions <n>", `concurrent streams ${say(MIGRATE_DEFAULTS.sessions)}`, numeric)
    .option("--rate <r>", "events per second and session (default: 5)", numeric)
    .option(
      "--pipeline <s>",
      `mean length of a pipeline, seconds ${say(MIGRATE_DEFAULTS.pipeline)}`,
      numeric,
    )
    .option("--replicas <n>", "instances from the first step on (default: 3)", numeric)
    .option("--grace <seconds>", GRACE_HELP, numeric)
    .option("--seed <n>", "same seed, same load (default: 1)", numeric)
    .option(
      "--platform <p>",
      "local; docker is refused, because its router cannot change while it runs",
      "local",
    )
    .option(
      "--out <dir>",
      "new or empty folder for the results (default: results/<time>, to which " +
        "results/latest points)",
    )
    .option("--json", "print summary.json instead of the table")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/migrate.ts")).migrate));
};

const HELP = `
Examples:
  sse-lab migrate                       three minutes on two cores
  sse-lab migrate --grace 0             on a host that kills at once

Exit code: 0 every step kept its promise, 1 one did not, 2 unknown, or it could not run.`;
