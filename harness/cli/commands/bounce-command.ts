import { Option } from "commander";
import { BOUNCE_KINDS } from "../../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../../nemesis/kinds.ts";
import type { Declare } from "../declare-command.ts";
import { PLATFORM_NAMES } from "../options/platforms.ts";
import { BOUNCE_SETTINGS_HELP, GRACE_HELP, numeric, pairs } from "../options/scenario-flags.ts";

const KINDS = BOUNCE_KINDS.filter((kind) => kind !== "none");
const LONGEST = Math.max(...KINDS.map(({ length }) => length));

export const declareBounce: Declare = (command, perform) => {
  command
    .argument("<topology>", "name of a topology that is up, for example phase1")
    .description(
      "Performs one bounce on a topology that `sse-lab up` left running, " +
        "and prints each step with its time.",
    )
    .addOption(new Option("--kind <kind>", "kind of bounce").choices(KINDS).default("rolling"))
    .option("--grace <seconds>", GRACE_HELP, numeric)
    .option("--bounce-settings <kind.name=value,...>", BOUNCE_SETTINGS_HELP, pairs)
    .addOption(
      new Option("--platform <p>", "where the topology runs; auto searches all platforms")
        .choices(["auto", ...PLATFORM_NAMES])
        .default("auto"),
    )
    .option(
      "--record <file>",
      "append each step to this file as an observation " +
        "(the bounces.ndjson of sse-lab report --help)",
    )
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/bounce.ts")).bounceRunning));
};

const HELP = `
Kinds:
${KINDS.map((kind) => `  ${kind.padEnd(LONGEST)}  ${KINDS_OF_BOUNCE[kind].does}`).join("\n")}

Example:
  sse-lab up phase1 && sse-lab bounce phase1 --kind crash

Exit code: 0 done, 2 a step of the bounce failed, or it could not start.`;
