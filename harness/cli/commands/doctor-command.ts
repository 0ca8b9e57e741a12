import type { Declare } from "../declare-command.ts";

export const declareDoctor: Declare = (command, perform) => {
  command
    .description("Looks for everything that the lab needs. Fetches and changes nothing.")
    .option("--json", "print the checks as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/doctor.ts")).doctor));
};

const HELP = `
Example:
  sse-lab doctor

Exit code: 0 the lab can run here, 2 something is missing (each line says how to get it).`;
