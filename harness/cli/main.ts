/** The command `sse-lab`: parses, dispatches, and turns every outcome into an exit code. */
import { Command, CommanderError } from "commander";
import { commandsFor } from "./commands.ts";
import { EXIT } from "./exit.ts";
import { Interrupted } from "./interrupt.ts";

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
  process.stderr.write(`sse-lab: ${textOf(error)}\n`);
  return EXIT.unknown;
}

/** The message alone: a stack would only hide it. `SSE_LAB_DEBUG` asks for the stack. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return process.env.SSE_LAB_DEBUG === undefined ? error.message : (error.stack ?? error.message);
}
