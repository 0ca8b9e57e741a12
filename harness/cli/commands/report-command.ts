import type { Declare } from "../declare-command.ts";

export const declareReport: Declare = (command, perform) => {
  command
    .argument("<dir>", "folder of a load test (results/latest), or of k6 output (see below)")
    .description(
      "Judges history.ndjson.gz again and rewrites summary.json, report.md, " +
        "report.html, series.json and junit.xml. " +
        "The same history gives the same bytes.",
    )
    .option("--json", "print summary.json instead of the table")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/report.ts")).report));
};

const HELP = `
Example:
  sse-lab report results/latest

Report on load that k6 made elsewhere with the scripts of loadtests/, on one machine or several.
Copy these into a new folder, then name that folder:
  *.log, *.ndjson             console output of each k6 process (k6 run --console-output FILE, or its
                              log), in any --log-format, from all processes of one run
                              (--execution-segment)
  ledgers/<instance>*.ndjson  what the instances wrote into their LEDGER_DIR; without ledgers nothing
                              shows whether a missing event was published: the verdict is unknown
  bounces.ndjson              what sse-lab bounce --record wrote, if the topology was bounced
The first report creates history.ndjson.gz and manifest.json, with times on the instances' clock.
The verdict is unknown if clocks contradict each other, a session has no end, or a line is cut.

Exit code: 0 all verdicts valid, 1 some invalid, 2 some unknown, or the report cannot be rebuilt.`;
