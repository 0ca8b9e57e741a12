import type { Declare } from "../declare-command.ts";
import { ENGINE_HELP } from "../options/choose-engine.ts";
import { addScenarioFlags, numeric, PLATFORM_HELP } from "../options/scenario-flags.ts";
import { addTargetFlags } from "../options/target-flags.ts";

export const declareLoadtest: Declare = (command, perform) => {
  command.description(
    "Starts each topology, puts load on it, bounces it while clients are connected, and reports " +
      "for each event whether it was lost, and why.",
  );
  addScenarioFlags(command)
    .option(
      "--attach <topology>",
      "load what `sse-lab up` left running, in the place of a new deployment; it stays up",
    )
    .option(
      "--service <file>",
      "load a service of yours that this file describes, in the place of the lab's own server " +
        "(docs/your-service.md)",
    )
    .option(
      "--target <url>",
      "load a deployment that somebody else runs, in the place of topologies; needs --service; " +
        "https: NODE_EXTRA_CA_CERTS names a private authority",
    )
    .option(
      "--bounce-command <line>",
      "with --target: a shell line that deploys it anew; the run with bounce `command` starts it",
    )
    .option(
      "--bounce-seconds <s>",
      "with --bounce-command: how long it and its effect take (default: 60)",
      numeric,
    );
  addTargetFlags(command, "with --target: ")
    .option(
      "--skip-check",
      "with --target: load it though no session that was tried before fits the service file",
    )
    .option("--platform <p>", PLATFORM_HELP, "auto")
    .option("--engine <e>", ENGINE_HELP, "native")
    .option(
      "--out <dir>",
      "new or empty folder for the results (default: results/<time>, to which " +
        "results/latest points)",
    )
    .option(
      "--open",
      "serve the report on 127.0.0.1 while the runs are measured, with a time line that grows; " +
        "opens a browser if this is a terminal and one is there",
    )
    .option("--json", "print summary.json instead of the table")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/loadtest.ts")).loadtest));
};

const HELP = `
Examples:
  sse-lab loadtest                          the default comparison, 13 runs in under five minutes
  sse-lab loadtest --topologies naive --bounces none --replicas 4
  sse-lab loadtest --bounces rolling --repeat 3         medians and spread
  sse-lab loadtest --bounces rolling --grace 0          a host that kills at once
  sse-lab loadtest --topologies phase2 --redis stopped  what the fallback costs
  sse-lab loadtest --client eventsource     the browser's EventSource instead of a retrying client
  sse-lab loadtest --topologies phase2,phase3           Supabase Realtime compared with Redis
  sse-lab loadtest --topologies phase3 --bounces none,realtime-outage --catch-up
  sse-lab loadtest --topologies phase3 --bounces none --realtime-plan free --over-quota
                                            a load beyond the plan's quota
  K6_BIN=./k6 sse-lab loadtest --engine k6 --topologies phase1 --bounces none,rolling
                                            the same plan with the k6 scripts; K6_... go to k6
  sse-lab loadtest --attach phase1          what sse-lab up phase1 left running
  sse-lab loadtest --service sse-lab.service.yaml       what your own server loses
  sse-lab loadtest --service sse-lab.service.yaml --target https://staging.example.com \\
    --i-own-this-target --bounce-command "railway redeploy --yes"

Exit code: 0 all verdicts valid, 1 some invalid, 2 some unknown, or it could not run.`;
