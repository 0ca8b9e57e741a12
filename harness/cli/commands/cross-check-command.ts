import type { Declare } from "../declare-command.ts";

export const declareCrossCheck: Declare = (command, perform) => {
  command
    .argument("<a>", "folder of a load test, for example one made with --engine native")
    .argument("<b>", "folder of the same load test made with another engine, such as k6")
    .description(
      [
        "Judges the raw histories of two folders that were made from one plan (same --seed,",
        "--topologies, --sessions, --rate and so on), and compares them.",
        "",
        "The same pairs of event and session are due with every engine. In steady state, each pair",
        "has the same outcome on both sides. If the topology routes by chance, or is bounced, the",
        "shares of lost and missed events agree within chance. More repeats or sessions show",
        "smaller differences.",
        "",
        "Reports defects of an engine: reconnects without Last-Event-ID, comments read as events,",
        "duplicates, sessions that never ended, streams that broke undisturbed, unknown clocks.",
      ].join("\n"),
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/cross-check.ts")).crossCheckFolders));
};

const HELP = `
Example:
  sse-lab loadtest --topologies phase0,phase1 --seed 7 --engine native --out a
  sse-lab loadtest --topologies phase0,phase1 --seed 7 --engine k6 --out b
  sse-lab cross-check a b

Exit code: 0 they agree, 1 they differ, 2 unknown runs, or no run in common.`;
