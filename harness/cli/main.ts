/** The command `sse-lab`: parses, dispatches, and turns every outcome into an exit code. */
import { Command, CommanderError } from "commander";
import { K6Error } from "../load/k6/process/find-k6.ts";
import { HostedRealtimeError } from "../platform/hosted-realtime.ts";
import { MergeError } from "../run/merge/merge-error.ts";
import { RebuildError } from "../run/results/rebuild-report.ts";
import { ResultsFolderError } from "../run/results/results-folder.ts";
import { ScenarioError } from "../scenario/parse-scenario.ts";
import { commandsFor } from "./commands.ts";
import { CliError, EXIT } from "./exit.ts";
import { Interrupted } from "./interrupt.ts";

/** Errors that say everything in their message: a stack would only hide it. */
const PLAIN_ERRORS = [
  CliError,
  HostedRealtimeError,
  K6Error,
  ScenarioError,
  ResultsFolderError,
  RebuildError,
  MergeError,
];

/** Runs one command line. Resolves to the exit code; never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.valid;
  const setExitCode = (code: number): void => {
    exitCode = code;
  };
  const program = new Command("sse-lab")
    .description("What happens to live event streams (SSE) when a service is scaled out and deployed.")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(add --help to see what there is)");
  for (const add of await commandsFor(args[0])) add(program, setExitCode);
  program.commands.forEach((command) => command.copyInheritedSettings(program).allowExcessArguments(false));
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.valid : EXIT.unknown;
  if (error instanceof Interrupted) return EXIT.interrupted;
  const plain = PLAIN_ERRORS.some((kind) => error instanceof kind);
  const text =
    error instanceof Error
      ? plain || process.env.SSE_LAB_DEBUG === undefined
        ? error.message
        : error.stack
      : String(error);
  process.stderr.write(`sse-lab: ${text ?? ""}\n`);
  return EXIT.unknown;
}
