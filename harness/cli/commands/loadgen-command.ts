import type { Declare } from "../declare-command.ts";
import { addScenarioFlags } from "../options/scenario-flags.ts";
import { addTargetFlags } from "../options/target-flags.ts";

export const declareLoadgen: Declare = (command, perform) => {
  command
    .description(
      "Puts one machine's part of a load on a topology of the lab that is up, and writes what it " +
        "saw into one file. `sse-lab merge` judges the files of all machines as one run.",
    )
    .requiredOption("--target <url>", "base URL of the router")
    .option("--shard <n/k>", "this machine plays the sessions of part n of k", "1/1")
    .option(
      "--start-at <time>",
      "when the load starts, with date and zone: 2026-12-01T10:00:00Z; the same on all " +
        "machines (default: at once)",
    )
    .option("--file <path>", "the new file (default: shard-<n>-of-<k>.ndjson.gz)");
  addTargetFlags(addScenarioFlags(command))
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/loadgen.ts")).loadgen));
};

const HELP = `
--sessions and all other flags of the load are those of the whole load, the same on each machine:
the same seed gives the same sessions, and --shard says which of them are played here. Name the
topology with --topologies. On one machine no shards are needed: the engine uses several cores.

Example, on two machines, then on one that has both files:
  sse-lab loadgen --target http://10.0.0.5:18080 --i-own-this-target --topologies phase2 \\
    --sessions 2000 --max-sessions 2000 --max-rate 10000 --start-at 2026-12-01T10:00:00Z --shard 1/2
  sse-lab merge shard-1-of-2.ndjson.gz shard-2-of-2.ndjson.gz --evidence copied

Exit code: 0 the file is written, 2 bad input, or the load could not be made.`;
