/** The command `sse-lab`: parses, dispatches, and turns every outcome into an exit code. */
import { Command, CommanderError } from "commander";
import { keepLoopbackDirect } from "../../common/loopback-direct.ts";
import { STATE_ROOT } from "../../common/paths.ts";
import { UserError } from "../../common/user-error.ts";
import { COMMANDS } from "./commands.ts";
import type { Perform } from "./declare-command.ts";
import { EXIT } from "./exit.ts";
import { Interrupted } from "./interrupt.ts";

const HELP = `
Example:
  sse-lab doctor && sse-lab loadtest

Exit code: 0 success, 1 a failed verdict or check, 2 bad input or no answer, 130 interrupted.
Set SSE_LAB_DEBUG=1 to see the stack of an error.`;

/** Runs one command line. Resolves to the exit code; never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  keepLoopbackDirect();
  let exitCode: number = EXIT.valid;
  const perform: Perform =
    (load) =>
    async (...actionArgs) => {
      exitCode = await (await load())(...actionArgs);
    };
  try {
    const program = await declareProgram(args, perform);
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

/** All commands by name and summary; the one that `args` name with its flags too. */
export async function declareProgram(args: readonly string[], perform: Perform): Promise<Command> {
  const program = new Command("sse-lab")
    .description(
      "Measures what happens to live event streams (SSE) " +
        "when a service is scaled out and deployed.",
    )
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", HELP)
    .showHelpAfterError("(add --help to see what there is)");
  const asked = args[0] === "help" ? args[1] : args[0];
  for (const { name, usage, summary, load } of COMMANDS) {
    const command = program.command(name).summary(summary);
    command.copyInheritedSettings(program).allowExcessArguments(false);
    if (name === asked) (await load())(command, perform);
    else if (usage !== undefined) command.arguments(usage);
  }
  return program;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.valid : EXIT.unknown;
  if (error instanceof Interrupted) return EXIT.interrupted;
  process.stderr.write(`sse-lab: ${textOf(error)}\n`);
  return EXIT.unknown;
}

/** The message alone, because a stack would hide it, unless `SSE_LAB_DEBUG` asks for the stack. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDebug = process.env.SSE_LAB_DEBUG !== undefined;
  // A builder's error says it in one of many lines.
  const full = NO_SPACE.exec(error.message)?.[0].trim();
  const text = isDebug ? (error.stack ?? error.message) : (full ?? error.message);
  const code = full === undefined ? codeOf(error) : "ENOSPC";
  const fix = error instanceof UserError ? undefined : DISK_FIXES.get(code);
  return fix === undefined ? text : `${text}; ${fix}`;
}

const NO_SPACE = /.*no space left on device.*/i;
const codeOf = (error: Error): string | undefined => (error as NodeJS.ErrnoException).code;

/** For what the system says of a disk, wherever it was met. */
const DISK_FIXES: ReadonlyMap<string | undefined, string> = new Map([
  ["ENOSPC", `free some space for the results and for ${STATE_ROOT}`],
  ["EDQUOT", `free some space for the results and for ${STATE_ROOT}`],
  ["EROFS", `make the place writable; the lab works in ${STATE_ROOT}`],
]);
