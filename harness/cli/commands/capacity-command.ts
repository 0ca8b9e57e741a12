import { DEFAULT_SCENARIO as defaults } from "../../scenario/default-scenario.ts";
import type { Declare } from "../declare-command.ts";
import { CAPACITY_DEFAULTS as own } from "../options/capacity-defaults.ts";
import { numeric, PLATFORM_HELP } from "../options/scenario-flags.ts";

const say = (value: number | string): string => `(default: ${value})`;

export const declareCapacity: Declare = (command, perform) => {
  command
    .description(
      "Loads one topology harder and harder until events go missing, p99 passes a limit, or the " +
        "load engine runs late. Says what held, which part gave in first, and what a planned " +
        "number of streams would need.",
    )
    .requiredOption("--topology <name>", "the topology to load")
    .option("--replicas <n>", "number of instances (default: the topology's own)", numeric)
    .option("--start <n>", `sessions of the first level ${say(own.start)}`, numeric)
    .option("--step <factor>", `from one level to the next ${say(own.step)}`, numeric)
    .option(
      "--max-sessions <n>",
      "then the rate rises instead (default: what the open files of a router allow)",
      numeric,
    )
    .option("--rate <r>", `events per second and session ${say(defaults.rate)}`, numeric)
    .option(
      "--max-rate <r>",
      `the rate rises up to this (default: ${own.maxRate}, or what one host carries)`,
      numeric,
    )
    .option(
      "--p99 <ms>",
      `limit from the intended publish time to the read ${say(own.p99)}`,
      numeric,
    )
    .option("--missed <percent>", `limit of due events that do not arrive ${say(own.missed)}`)
    .option("--measure <s>", `measured part of each level, seconds ${say(own.measure)}`, numeric)
    .option(
      "--payload-bytes <n>",
      `size of the text of each event, bytes ${say(defaults.payloadBytes)}`,
      numeric,
    )
    .option("--seed <n>", `same seed, same sessions ${say(defaults.seed)}`, numeric)
    .option("--streams <n>", `planned number of streams ${say(own.streams)}`, numeric)
    .option("--platform <p>", PLATFORM_HELP, "auto")
    .option("--json", "print levels and answer as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/capacity.ts")).capacity));
};

const HELP = `
A level breaks if two loads of it break. The part that gave in first is one that used 80 % of the
cores that it can use: an instance and Redis have one thread, a router has all cores. It is unknown
if the host was saturated, or the load engine was late: on one host, all parts share its cores.

Example:
  sse-lab capacity --topology phase2 --replicas 3 --max-sessions 2000 --p99 200

Exit code: 0 a level broke and the part is known, or all levels held; 1 not even the first level
held; 2 the part is unknown, bad input, or it could not run.`;
