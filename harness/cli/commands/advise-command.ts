import { Option } from "commander";
import { BOUNCE_CHOICES } from "../../history/observation.ts";
import { HOST_NAMES } from "../../report/advise/hosts.ts";
import type { Declare } from "../declare-command.ts";

const DEPLOYS = BOUNCE_CHOICES.filter((kind) => kind !== "none");

export const declareAdvise: Declare = (command, perform) => {
  command
    .argument(
      "[result]",
      "folder or summary.json (default: results/latest, else results/reference)",
    )
    .description(
      [
        "Says which measured topology fits your numbers: events lost and streams stuck",
        "a day, against a loss that you tolerate. Takes the host's limits into account,",
        "shows the arithmetic, and carries the 95 % intervals through.",
      ].join("\n"),
    )
    .requiredOption("--streams <n>", "streams that you have open at peak")
    .requiredOption("--pipeline <length>", "mean length of your pipelines: 90s, 10m, 1h")
    .requiredOption("--deploys-per-day <n>", "how often you deploy")
    .option("--rate <n>", "events/s of one stream (default: that of the load test)")
    .option("--tolerated-loss <percent>", "share of a day's events that may be lost", "0%")
    .addOption(new Option("--host <name>", "whose limits apply").choices(HOST_NAMES).default("own"))
    .addOption(new Option("--bounce <kind>", "how you deploy").choices(DEPLOYS).default("rolling"))
    .option("--json", "print the advice as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/advise.ts")).adviseFrom));
};

const HELP = `
Example:
  sse-lab advise --streams 2000 --pipeline 10m --deploys-per-day 8 --host railway

Exit code: 0 advised, 2 bad input, or a result without the figures.`;
