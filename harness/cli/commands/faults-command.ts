import type { Declare } from "../declare-command.ts";
import { numeric, PLATFORM_HELP } from "../options/scenario-flags.ts";

const list = (text: string): string[] => text.split(",").filter((item) => item !== "");

export const declareFaults: Declare = (command, perform) => {
  command
    .description(
      "Measures every topology under every bounce that it allows, and writes one table of what " +
        "survives what. If it is interrupted, the same command goes on where it stopped.",
    )
    .option("--topologies <a,b>", "default: all", list)
    .option("--bounces <a,b>", "default: all but chaos", list)
    .option("--sessions <n>", "concurrent streams (default: 60)", numeric)
    .option("--seed <n>", "same seed, same plan (default: 1)", numeric)
    .option("--platform <p>", PLATFORM_HELP, "auto")
    .option("--out <dir>", "folder of the results", "results/faults")
    .option("--again", "measure everything again, also what the folder holds")
    .option("--json", "print summary.json instead of the table")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/faults.ts")).faults));
};

const HELP = `
Examples:
  sse-lab faults                                      under an hour on two cores
  sse-lab faults --topologies phase2,phase2-durable --bounces crash,pause --out results/two

Exit code: 0 all verdicts valid, 1 some invalid, 2 some unknown, or it could not run.`;
