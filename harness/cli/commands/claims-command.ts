import type { Declare } from "../declare-command.ts";

export const declareClaims: Declare = (command, perform) => {
  command
    .description(
      "Judges every checkable statement of the scaling strategy by measured figures: confirmed, " +
        "qualified, refuted, or not tested and why.",
    )
    .argument(
      "[results...]",
      "folders of results, best first (default: results/reference, claims, migrate and faults, " +
        "as far as they are there)",
    )
    .option(
      "--measure",
      "first measure what is missing, into results/claims and results/migrate (8 minutes); if " +
        "it is interrupted, the same command goes on where it stopped",
    )
    .option("--again", "with --measure: measure everything again, also what is there")
    .option("--detail", "every check with its threshold, its figures and their result")
    .option("--json", "print the judged statements as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/claims.ts")).claims));
};

const HELP = `
Examples:
  sse-lab claims                        from the results that are there
  sse-lab claims results/mine --detail
  sse-lab claims --measure

Exit code: 0 if the statements could be judged, whatever they are; 2 if a result cannot be read.`;
