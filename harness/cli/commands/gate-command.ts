import type { Declare } from "../declare-command.ts";

export const declareGate: Declare = (command, perform) => {
  command
    .argument("<result>", "folder or summary.json of a load test")
    .description(
      [
        "Holds a load test against limits, and against the result of a base.",
        "",
        "Prints one screen of Markdown, for a job summary or a pull request. Limits",
        "stand in sse-lab.thresholds.yaml, by topology and bounce: lost, stuck, p50,",
        "p99, backWithin. The lab's own file of that name explains them.",
      ].join("\n"),
    )
    .option("--base <result>", "what must not get worse: folder or summary.json of a load test")
    .option(
      "--thresholds <file>",
      "the limits (default: sse-lab.thresholds.yaml here, else the lab's own)",
    )
    .option("--json", "print what was found as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/gate.ts")).gate));
};

const HELP = `
Example:
  sse-lab gate results/latest --base results/reference

Exit code: 0 passed, 1 failed, 2 not judged: a run cannot be trusted, or none is there.`;
