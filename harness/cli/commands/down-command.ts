import type { Declare } from "../declare-command.ts";

export const declareDown: Declare = (command, perform) => {
  command
    .description(
      "Ends every process and container of this checkout's topologies and removes their files. " +
        "Touches nothing else.",
    )
    .option("--json", "print what was removed as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/down.ts")).down));
};

const HELP = `
Example:
  sse-lab up phase1 && sse-lab down

Exit code: 0 all removed, 2 something could not be removed.`;
