import type { Declare } from "../declare-command.ts";

export const declareCompare: Declare = (command, perform) => {
  command
    .argument("<a>", "folder or summary.json of the earlier load test")
    .argument("<b>", "folder or summary.json of the later one")
    .description("Compares the runs that two load tests have in common.")
    .option("--json", "print the comparison as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/compare.ts")).compare));
};

const HELP = `
Example:
  sse-lab compare results/reference results/latest

Exit code: 0 no regression beyond the spread, 1 a regression, 2 the two have no run in common.`;
