import type { Declare } from "../declare-command.ts";

export const declareCompare: Declare = (command, perform) => {
  command
    .argument("<a>", "folder or summary.json of the earlier load test")
    .argument("<b>", "folder or summary.json of the later one")
    .description(
      [
        "Compares the runs that two load tests have in common.",
        "",
        "A figure got worse if its change exceeds what counts and what chance",
        "explains. All figures are judged together, and each row says which change",
        "would not be seen. Times need four repeats on both sides: --repeat 5.",
      ].join("\n"),
    )
    .option("--json", "print the comparison as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/compare.ts")).compare));
};

const HELP = `
Example:
  sse-lab compare results/reference results/latest

Exit code: 0 no regression seen, 1 a regression, 2 no run in common or too few runs to judge.`;
