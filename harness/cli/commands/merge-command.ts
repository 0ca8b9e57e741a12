import type { Declare } from "../declare-command.ts";

export const declareMerge: Declare = (command, perform) => {
  command
    .argument("<shards...>", "files of sse-lab loadgen, all shards of one load")
    .description("Judges the parts of a load that several machines made as one run.")
    .option(
      "--evidence <dir>",
      "folder of ledgers/<instance>*.ndjson and bounces.ndjson, as sse-lab report --help says " +
        "(default: the ledgers of the deployment on this host that was loaded)",
    )
    .option("--out <dir>", "new or empty folder for the results (default: results/<time>)")
    .option("--json", "print summary.json instead of the table")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/merge.ts")).merge));
};

const HELP = `
Each machine compared its clock with the instances' by asking them. The largest error is in the
latencies; the report states it, and above 5 ms the verdict is unknown. Without ledgers nothing
shows whether a missing event was published: then it is unknown, too.

Example:
  sse-lab merge shard-*.ndjson.gz --out results/two-machines

Exit code: 0 the verdict is valid, 1 invalid, 2 unknown, or the files cannot be merged.`;
