import { Option } from "commander";
import { BOUNCE_KINDS } from "../../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../../nemesis/kinds.ts";
import type { Declare } from "../declare-command.ts";

/** What ends instances as a deploy does. */
const DEPLOYS = BOUNCE_KINDS.filter(
  (kind) => KINDS_OF_BOUNCE[kind].group === "deploy" || kind === "crash",
);

export const declareEstimate: Declare = (command, perform) => {
  command
    .argument(
      "[result]",
      "folder or summary.json (default: results/latest, else results/reference)",
    )
    .description(
      [
        "Works out what deploys would cost you a day with each measured topology:",
        "pipelines killed, seconds that streams stay dark, events lost. Shows the",
        "arithmetic, and carries the 95 % intervals of the measured figures through.",
        "",
        "A deploy kills a share of the pipelines that run, so the number follows from",
        "the streams that you have open, not from the length of the load test.",
      ].join("\n"),
    )
    .requiredOption("--streams <n>", "streams that you have open at once")
    .requiredOption("--pipeline <length>", "mean length of your pipelines: 90s, 10m, 1h")
    .requiredOption("--deploys-per-day <n>", "how often you deploy")
    .option("--rate <n>", "events/s of one stream (default: that of the load test)")
    .addOption(new Option("--bounce <kind>", "how you deploy").choices(DEPLOYS).default("rolling"))
    .option("--json", "print the estimate as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/estimate.ts")).estimateFrom));
};

const HELP = `
Example:
  sse-lab estimate --streams 2000 --pipeline 10m --deploys-per-day 8 results/reference

Exit code: 0 estimated, 2 bad input, or a result without the figures.`;
