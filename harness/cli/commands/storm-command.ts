import type { Declare } from "../declare-command.ts";

export const declareStorm: Declare = (command, perform) => {
  command
    .argument("<results...>", "folders or summary.json of load tests")
    .description(
      "Shows how clients came back: attempts over time, per cut stream, for each load test. Run " +
        "them with different --jitter and --retry-ms, and `recreate` or `crash` as the bounce.",
    )
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/storm.ts")).storm));
};

const HELP = `
Example:
  sse-lab storm results/no-jitter results/full-jitter

Exit code: 0 shown, 2 bad input, or no stream was cut.`;
