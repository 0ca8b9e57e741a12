import type { Declare } from "../declare-command.ts";
import { addRealtimeFlags, numeric, PLATFORM_HELP } from "../options/scenario-flags.ts";

export const declareUp: Declare = (command, perform) => {
  command
    .argument("<topology>", "name of a topology, for example phase1")
    .description(
      "Starts one topology, prints its URLs, and leaves it running until `sse-lab down`.",
    )
    .option("--platform <p>", PLATFORM_HELP, "auto")
    .option("--replicas <n>", "number of instances (default: the topology's own)", numeric);
  addRealtimeFlags(command)
    .option("--json", "print the URLs as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/up.ts")).up));
};

const HELP = `
Example:
  sse-lab up phase1 --replicas 3

Exit code: 0 it is up, 2 it cannot be started.`;
